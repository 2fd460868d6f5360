/** Line icons, drawn for this page on a 24 × 24 grid. */
const PATHS = {
  hash: ["M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16"],
  thread: ["M5 5h14v9h-7l-4 4v-4H5z", "M9 9.5h6"],
  dm: [
    "M12 4c4.7 0 8.5 3 8.5 7s-3.8 7-8.5 7c-1 0-2-.1-2.9-.4L4.5 20l1.2-3.600C4.3 15 3.5 13.1 3.5 11c0-4 3.8-7 8.5-7z",
  ],
  users: [
    "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.5-3.5 3-5.5 6.5-5.5s6 2 6.5 5.5",
    "M16 4.800a3.5 3.5 0 0 1 0 6.400M18 14.5c2 .8 3.2 2.5 3.5 5",
  ],
  menu: ["M4 6.5h16M4 12h16M4 17.5h16"],
  close: ["M6 6l12 12M18 6 6 18"],
  plus: ["M12 5v14M5 12h14"],
  send: ["M4 11.5 20 4l-5 16-4-6.5zM11 13.5 20 4"],
  smile: [
    "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z",
    "M8.5 14c.9 1.3 2.1 2 3.5 2s2.6-.7 3.5-2M9 9.700v.1M15 9.700v.1",
  ],
  reply: ["M9.5 6 4 11.5 9.5 17", "M4 11.5h9c4 0 6.5 2 7 6.5"],
  edit: ["M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5z", "M13.5 7l3.5 3.5"],
  trash: ["M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.400L17 7M10.5 10.5v6M13.5 10.5v6"],
  copy: ["M9 9h10.5v10.5H9z", "M15 9V4.5H4.5V15H9"],
  down: ["M6 9.5l6 6 6-6"],
  up: ["M6 14.5l6-6 6 6"],
  theme: ["M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z", "M12 3.5v17M12 7l6.5-.5M12 11h8.3M12 15h7.9M12 18.7h5"],
  file: ["M6 3.5h8l4.5 4.5v12.5H6z", "M13.5 3.5V8.5h5"],
  download: ["M12 4v11M7 10.5l5 5 5-5M5 20h14"],
  eye: [
    "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z",
    "M12 14.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600z",
  ],
  check: ["M5 12.5l4.5 4.5L19 7"],
  alert: ["M12 4 2.8 19.5h18.400z", "M12 10v4.5M12 17v.1"],
  external: ["M10 5H5v14h14v-5M13.5 4.5h6v6M19.5 4.5 11 13"],
  at: ["M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M16 8v5.5c0 3 4.5 2.5 4.5-1.5A8.5 8.5 0 1 0 17 18.9"],
  slash: ["M15.5 4.5l-7 15"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  bolt: ["M13 3 5 13.5h6L10.5 21 19 10.5h-6z"],
  more: ["M5.5 12v.1M12 12v.1M18.5 12v.1"],
};
const SVG = "http://www.w3.org/2000/svg";

export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": name === "more" ? 3 : 1.8,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    class: `icon icon-${name}`,
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
