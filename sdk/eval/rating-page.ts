/** One video to be rated, under its blind name. */
export type RatingItem = {
  readonly item: string;
  /** Address of the avatar's video, relative to the page. */
  readonly avatar: string;
  /** Address of the user's video that it reacts to; absent when there is none. */
  readonly user?: string | undefined;
};

/** A study. */
export type RatingStudy = {
  readonly title: string;
  readonly question: string;
  readonly items: readonly RatingItem[];
};

/** The paper's E-Appro: how appropriate the avatar's emotion is to the user's behaviour. */
export const APPROPRIATENESS = "How appropriate is the avatar's emotion as an answer to this person?";

/**
 * The page as one HTML file. Blind: it knows nothing but random names. Randomised: every rater has an order of their own, drawn from the name they give. It
 * scores after the video has played to its end, keeps its state in the browser's storage, sends nothing anywhere, and exports rater,item,score,seconds,comment.
 */
export function ratingPage(study: RatingStudy): string {
  const data = JSON.stringify(study).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(study.title)}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
  .videos { display: flex; gap: 1rem; flex-wrap: wrap; }
  figure { margin: 0; flex: 1 1 320px; }
  video { width: 100%; background: #d6d9de; border-radius: 8px; }
  fieldset { border: 0; padding: 0; margin: 1rem 0; }
  .scale { display: flex; gap: .5rem; flex-wrap: wrap; }
  .scale label { flex: 1 1 5rem; border: 1px solid #8888; border-radius: 8px; padding: .5rem; text-align: center; cursor: pointer; }
  .scale label:has(:checked) { background: #0072b2; color: #fff; }
  .scale label:has(:focus-visible) { outline: 3px solid #e69f00; }
  fieldset:disabled { opacity: .5; }
  textarea, input[type=text] { width: 100%; box-sizing: border-box; font: inherit; padding: .4rem; }
  button { font: inherit; padding: .5rem 1.2rem; border-radius: 8px; border: 1px solid #8888; cursor: pointer; }
  progress { width: 100%; }
  [hidden] { display: none !important; }
</style>
<h1>${escapeHtml(study.title)}</h1>
<form id="start">
  <p>You will see ${study.items.length} short videos. Watch each to its end, then rate it. Nothing leaves this computer until you save your ratings as a file and send it.</p>
  <p><label>Your name or number <input type="text" id="rater" required maxlength="40" pattern="[^,\\n]+" autocomplete="off"></label></p>
  <button>Begin</button>
</form>
<form id="rate" hidden>
  <p id="where" aria-live="polite"></p>
  <progress id="done" max="${study.items.length}" value="0"></progress>
  <div class="videos">
    <figure id="user"><video id="user-video" playsinline></video><figcaption>Person</figcaption></figure>
    <figure><video id="avatar-video" playsinline></video><figcaption>Avatar</figcaption></figure>
  </div>
  <p><button type="button" id="play">Play</button> <button type="button" id="skip" hidden>Leave this one out</button></p>
  <fieldset id="scores" disabled>
    <legend><strong>${escapeHtml(study.question)}</strong></legend>
    <div class="scale">
      ${["not at all", "a little", "somewhat", "well", "very well"]
        .map(
          (word, i) => `<label><input type="radio" name="score" value="${i + 1}" required> ${i + 1}<br>${word}</label>`,
        )
        .join("\n      ")}
    </div>
    <p><label>Remark, if you like <textarea id="comment" rows="2" maxlength="300"></textarea></label></p>
    <button id="next">Next</button>
  </fieldset>
</form>
<section id="end" hidden>
  <h2>Thank you</h2>
  <p>Save your ratings and send the file to whoever asked you.</p>
  <button type="button" id="save">Save ratings (CSV)</button>
</section>
<script>
const study = ${data};
const $ = (id) => document.getElementById(id);
let rater = "", order = [], rows = [], shownAt = 0;
// mulberry32 on a hash of the name: the same rater meets the same order again, others another one
const randomOf = (text) => {
  let a = [...text].reduce((h, c) => Math.imul(h ^ c.codePointAt(0), 16777619), 2166136261) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};
const shuffled = (items, random) => {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
};
const storage = () => "echo-rating:" + study.title + ":" + rater;
const csv = () => ["rater,item,score,seconds,comment", ...rows.map((r) =>
  [r.rater, r.item, r.score, r.seconds.toFixed(1), '"' + r.comment.replaceAll('"', '""').replaceAll(",", ";").replace(/\\s+/g, " ") + '"'].join(","))].join("\\n") + "\\n";
function show() {
  const at = rows.length;
  $("done").value = at;
  if (at >= order.length) {
    $("rate").hidden = true;
    $("end").hidden = false;
    return;
  }
  const item = order[at];
  $("where").textContent = "Video " + (at + 1) + " of " + order.length;
  $("scores").disabled = true;
  $("rate").reset();
  $("skip").hidden = true;
  $("user").hidden = item.user === undefined;
  if (item.user !== undefined) $("user-video").src = item.user;
  else {
    $("user-video").removeAttribute("src"); // or the person of the video before would still be heard
    $("user-video").load();
  }
  $("avatar-video").src = item.avatar;
  shownAt = performance.now();
}
$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  rater = $("rater").value.trim();
  order = shuffled(study.items, randomOf(rater));
  try { rows = JSON.parse(localStorage.getItem(storage())) ?? []; } catch { rows = []; }
  $("start").hidden = true;
  $("rate").hidden = false;
  show();
});
$("play").addEventListener("click", () => {
  for (const video of [$("user-video"), $("avatar-video")]) {
    if (!video.src) continue;
    video.currentTime = 0;
    video.play().catch(() => {}); // told by "error"
  }
});
$("avatar-video").addEventListener("ended", () => { $("scores").disabled = false; });
$("avatar-video").addEventListener("error", () => {
  $("where").textContent += ": this video cannot be played here. Please tell whoever asked you.";
  $("skip").hidden = false;
});
$("skip").addEventListener("click", () => {
  order.splice(rows.length, 1);
  $("done").max = order.length;
  show();
});
$("rate").addEventListener("submit", (event) => {
  event.preventDefault();
  const score = Number(new FormData($("rate")).get("score"));
  rows.push({ rater, item: order[rows.length].item, score, seconds: (performance.now() - shownAt) / 1000, comment: $("comment").value });
  try { localStorage.setItem(storage(), JSON.stringify(rows)); } catch { /* private windows have no storage: the ratings stay in memory */ }
  show();
});
$("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.download = "ratings-" + rater.replace(/[^A-Za-z0-9_-]+/g, "_") + ".csv";
  link.click();
});
</script>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
