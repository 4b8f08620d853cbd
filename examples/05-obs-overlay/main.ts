// The overlay as OBS shows it, over something that moves. It is served by the companion, not by this page.
const overlay = new URLSearchParams(location.search).get("overlay") ?? "http://127.0.0.1:8137/";
const view = document.getElementById("overlay") as HTMLIFrameElement;
view.src = `${overlay}?captions&sound`;
// The companion talks to nobody but its own pages and programs of this machine: ask it from a terminal, see co-host.mjs.
document.getElementById("status")!.textContent = `The overlay comes from ${overlay}`;

export {};
