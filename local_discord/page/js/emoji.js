/** The emoji that the picker offers, by short name. Any other emoji can be typed or pasted. */
const TABLE = `
Faces: grinning 😀 smile 😄 grin 😁 joy 😂 rofl 🤣 slight_smile 🙂 upside_down 🙃 wink 😉 blush 😊 innocent 😇 heart_eyes 😍
star_struck 🤩 kissing_heart 😘 yum 😋 stuck_out_tongue 😛 zany 🤪 hugging 🤗 shushing 🤫 thinking 🤔 raised_eyebrow 🤨
neutral 😐 smirk 😏 unamused 😒 rolling_eyes 🙄 grimacing 😬 relieved 😌 sleepy 😴 sneezing 🤧 hot 🥵 cold 🥶 woozy 🥴
exploding_head 🤯 cowboy 🤠 partying 🥳 sunglasses 😎 nerd 🤓 monocle 🧐 confused 😕 worried 😟 open_mouth 😮 flushed 😳
pleading 🥺 cry 😢 sob 😭 scream 😱 angry 😠 rage 😡 skull 💀 ghost 👻 alien 👽 robot 🤖 clown 🤡 poop 💩
Hands: thumbsup 👍 thumbsdown 👎 ok_hand 👌 v ✌️ crossed_fingers 🤞 metal 🤘 point_up ☝️ point_right 👉 point_left 👈 wave 👋
clap 👏 raised_hands 🙌 open_hands 👐 pray 🙏 handshake 🤝 muscle 💪 eyes 👀 brain 🧠 salute 🫡 shrug 🤷 facepalm 🤦
Hearts: heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜 black_heart 🖤 broken_heart 💔
sparkling_heart 💖 fire 🔥 sparkles ✨ star ⭐ star2 🌟 boom 💥 zap ⚡ rainbow 🌈 tada 🎉 confetti 🎊 balloon 🎈 gift 🎁
Things: rocket 🚀 ufo 🛸 satellite 🛰️ telescope 🔭 microscope 🔬 planet 🪐 moon 🌙 earth 🌍 sun ☀️ cloud ☁️ snowflake ❄️ potato 🥔
pizza 🍕 cake 🍰 coffee ☕ tea 🍵 beer 🍺 popcorn 🍿 cookie 🍪 apple 🍎 cat 🐱 dog 🐶 fox 🦊 bear 🐻 frog 🐸 bug 🐛 octopus 🐙
butterfly 🦋 seedling 🌱 trophy 🏆 medal 🏅 dart 🎯 game 🎮 dice 🎲 puzzle 🧩 art 🎨 theater 🎭 clapper 🎬 microphone 🎤 music 🎵
headphones 🎧 guitar 🎸 camera 📷 bulb 💡 book 📖 memo 📝 pin 📌 lock 🔒 key 🔑 hammer 🔨 gear ⚙️ link 🔗 bell 🔔 clock ⏰ hourglass ⏳
Signs: check ✅ x ❌ warning ⚠️ question ❓ exclamation ❗ hundred 💯 plus ➕ minus ➖ arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ red_circle 🔴 green_circle 🟢 blue_circle 🔵 white_flag 🏳️ checkered_flag 🏁`;

export const EMOJI_GROUPS = [];
export const EMOJI = new Map();
for (const block of TABLE.trim().split(/\n(?=[A-Z])/)) {
  const [title, rest] = block.split(/:\s(.*)/s);
  const words = rest.trim().split(/\s+/);
  const group = { title, items: [] };
  for (let i = 0; i + 1 < words.length; i += 2) {
    group.items.push({ name: words[i], emoji: words[i + 1] });
    EMOJI.set(words[i], words[i + 1]);
  }
  EMOJI_GROUPS.push(group);
}

/** `:tada:` becomes 🎉; unknown names and custom emoji marks stay as they are. */
export function expandShortNames(text) {
  return text.replace(/(<a?)?:([a-z0-9_]+):/g, (all, mark, name) => (mark ? all : (EMOJI.get(name) ?? all)));
}

export function searchEmoji(query, limit = 8) {
  const q = query.toLowerCase();
  const hits = [...EMOJI].filter(([name]) => name.includes(q));
  hits.sort((a, b) => b[0].startsWith(q) - a[0].startsWith(q));
  return hits.slice(0, limit).map(([name, emoji]) => ({ name, emoji }));
}
