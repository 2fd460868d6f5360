/** What stands under a message's text: embeds, attachments, and previews of images. */
import { h, safeUrl } from "./dom.js";
import { colour, fileSize, stamp } from "./format.js";
import { icon } from "./icons.js";
import { inline, markdown } from "./markdown.js";
import { lightbox } from "./overlay.js";

/** Attachments live on this server's CDN; loading them from the page's own origin works behind any host name. */
export function mediaUrl(text) {
  const url = safeUrl(text);
  if (!url) return null;
  const { pathname, search } = new URL(url);
  const local = pathname.startsWith("/cdn/") && /^(localhost|127\.|\[::1\])/.test(new URL(url).hostname);
  return local ? location.origin + pathname + search : url;
}

function picture(media, { name, max = 400, className = "" }) {
  const url = mediaUrl(media.url ?? media.proxy_url);
  if (!url) return null;
  const image = h("img", { src: url, alt: media.description ?? name, loading: "lazy", draggable: "false" });
  // Known sizes are reserved before the bytes arrive, so nothing jumps while one reads.
  if (media.width && media.height) {
    const scale = Math.min(1, max / media.width, 320 / media.height);
    image.width = Math.round(media.width * scale);
    image.height = Math.round(media.height * scale);
  }
  image.addEventListener("error", () => frame.classList.add("broken"));
  const frame = h(
    "button",
    {
      type: "button",
      class: `picture ${className}`,
      "aria-label": `Open image ${name}`,
      onclick: () => lightbox(url, name),
    },
    image,
  );
  return frame;
}

export function attachment(file) {
  const kind = file.content_type ?? "";
  const url = mediaUrl(file.url);
  if (!url) return null;
  const isImage = kind.startsWith("image/") || /\.(png|jpe?g|gif|webp)$/i.test(file.filename);
  if (isImage && kind !== "image/svg+xml") {
    const image = picture(file, { name: file.filename, max: 480 });
    if (!file.filename.startsWith("SPOILER_")) return image;
    image.classList.add("hidden-picture");
    image.addEventListener(
      "click",
      (e) => {
        if (!image.classList.contains("hidden-picture")) return;
        e.stopImmediatePropagation();
        image.classList.remove("hidden-picture");
      },
      { capture: true },
    );
    return image;
  }
  if (kind.startsWith("audio/")) return h("audio", { class: "player", controls: true, src: url, preload: "none" });
  if (kind.startsWith("video/")) return h("video", { class: "player", controls: true, src: url, preload: "metadata" });
  return h(
    "div",
    { class: "file-card", dataset: { testid: "file" } },
    icon("file", 28),
    h(
      "div",
      {},
      h("a", { href: url, target: "_blank", rel: "noopener noreferrer", download: file.filename }, file.filename),
      h("small", {}, fileSize(file.size ?? 0)),
    ),
    h(
      "a",
      { class: "ghost", href: url, download: file.filename, "aria-label": `Download ${file.filename}` },
      icon("download", 18),
    ),
  );
}

function linked(url, content, className) {
  const href = url && safeUrl(url);
  if (!href) return h("span", { class: className }, content);
  return h("a", { class: className, href, target: "_blank", rel: "noopener noreferrer nofollow" }, content);
}

function smallImage(url, className) {
  const src = url && mediaUrl(url);
  if (!src) return null;
  const image = h("img", { class: className, src, alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.remove());
  return image;
}

export function embed(data, names) {
  if (data.type === "image" && !data.title) return picture(data.thumbnail ?? data.image ?? {}, { name: "image" });
  const fields = (data.fields ?? []).map((f) =>
    h(
      "div",
      { class: f.inline ? "field inline" : "field" },
      h("div", { class: "field-name" }, inline(f.name, { names })),
      h("div", { class: "field-value" }, markdown(f.value, names)),
    ),
  );
  const when = data.timestamp && new Date(data.timestamp);
  const footer =
    (data.footer?.text || when) &&
    h(
      "div",
      { class: "embed-footer" },
      smallImage(data.footer?.icon_url, "embed-icon"),
      h("span", {}, [data.footer?.text, when && stamp(when)].filter(Boolean).join(" · ")),
    );
  return h(
    "article",
    { class: "embed", dataset: { testid: "embed" }, style: data.color ? { "--stripe": colour(data.color) } : {} },
    h(
      "div",
      { class: "embed-grid" },
      h(
        "div",
        { class: "embed-body" },
        data.provider?.name && h("div", { class: "embed-provider" }, data.provider.name),
        data.author?.name &&
          h(
            "div",
            { class: "embed-author" },
            smallImage(data.author.icon_url, "embed-icon"),
            linked(data.author.url, data.author.name),
          ),
        data.title && linked(data.url, inline(data.title, { names, noLinks: Boolean(data.url) }), "embed-title"),
        data.description && h("div", { class: "embed-text" }, markdown(data.description, names)),
        fields.length > 0 && h("div", { class: "fields" }, fields),
      ),
      data.thumbnail?.url && picture(data.thumbnail, { name: "thumbnail", max: 80, className: "thumbnail" }),
    ),
    data.image?.url && picture(data.image, { name: data.title ?? "image", max: 460 }),
    footer,
  );
}

export { picture };
