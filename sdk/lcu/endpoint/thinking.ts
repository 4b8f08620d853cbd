/** What reasoning models put their thoughts between. */
const TAGS = ["think", "thinking", "thought", "thoughts", "reasoning", "reflection", "analysis"];

/**
 * The answer of a reasoning model without its thoughts: `<think>...</think>` and its kin are cut out, also where only the end is
 * marked (some chat templates open the tag in the prompt), and where thinking was cut off and no answer came (an empty text then).
 */
export function withoutThinking(answer: string): string {
  let text = answer;
  for (const tag of TAGS) {
    text = text.replaceAll(new RegExp(`<${tag}>[\\s\\S]*?</${tag}>`, "gi"), "");
    const end = new RegExp(`^[\\s\\S]*</${tag}>`, "i");
    text = text.replace(end, "").replace(new RegExp(`<${tag}>[\\s\\S]*$`, "i"), "");
  }
  return text.trim();
}
