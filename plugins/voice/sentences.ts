/** A sentence is not cut before so many letters: "Dr. Who" stays whole, and a voice needs something to say. */
const SHORTEST = 12;

/** Cuts a text that comes in pieces into sentences, each as soon as it is whole, so that the voice can begin before the text ends. */
export async function* sentencesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    for (let end = sentenceEnd(text); end > 0; end = sentenceEnd(text)) {
      const sentence = text.slice(0, end).trim();
      text = text.slice(end);
      if (sentence !== "") yield sentence;
    }
  }
  if (text.trim() !== "") yield text.trim();
}

/** Where the first sentence ends whose end is sure: the next sentence has begun, or a line ended. 0 when there is none. */
function sentenceEnd(text: string): number {
  for (const { index, 0: mark } of text.matchAll(/[.!?…]+["')\]]*\s|\n+|[。！？]+/g)) {
    const end = index + mark.length;
    if (end >= SHORTEST || mark.includes("\n") || /[。！？]/.test(mark)) return end;
  }
  return 0;
}
