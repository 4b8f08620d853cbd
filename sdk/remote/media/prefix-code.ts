/** The longest code that WebP and Deflate allow, in bits. */
const MAX_BITS = 15;

/** Lengths of a prefix code (Huffman), 0..15 bits: u8, one for each symbol, 0 for a symbol that does not occur. */
export function codeLengths(counts: Uint32Array): Uint8Array {
  let weights = counts;
  for (;;) {
    const lengths = huffman(weights);
    if (lengths.every((length) => length <= MAX_BITS)) return lengths;
    weights = weights.map((count) => (count + 1) >> 1); // flatter, until it fits
  }
}

/** Canonical codes for these lengths, with the bit that is read first lowest. */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const next = new Uint32Array(MAX_BITS + 2);
  for (const length of lengths) if (length > 0) next[length + 1]! += 1;
  for (let length = 1; length <= MAX_BITS; length++) next[length + 1] = (next[length]! + next[length + 1]!) << 1;
  return Uint16Array.from(lengths, (length) => (length === 0 ? 0 : reversed(next[length]!++, length)));
}

/** Joins the two rarest groups again and again; a symbol's length is how often its group was joined. */
function huffman(counts: Uint32Array): Uint8Array {
  const symbols = [...counts.keys()].filter((symbol) => counts[symbol]! > 0).sort((a, b) => counts[a]! - counts[b]!);
  const weights = symbols.map((symbol) => counts[symbol]!); // symbols first, then groups: both grow, so the rarest are in front
  const parents: number[] = [];
  let [symbol, group] = [0, symbols.length];
  const rarest = (): number => (symbol < symbols.length && !(weights[group]! < weights[symbol]!) ? symbol++ : group++);
  for (let joined = 1; joined < symbols.length; joined++) {
    const [a, b] = [rarest(), rarest()];
    parents[a] = weights.length;
    parents[b] = weights.length;
    weights.push(weights[a]! + weights[b]!);
  }
  const depths: number[] = [];
  for (let node = weights.length - 1; node >= 0; node--) {
    const parent = parents[node];
    depths[node] = parent === undefined ? 0 : depths[parent]! + 1;
  }
  const lengths = new Uint8Array(counts.length);
  for (const [i, one] of symbols.entries()) lengths[one] = depths[i]!;
  return lengths;
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}
