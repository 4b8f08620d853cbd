/** Who says what when in examples/assets/conversation.*.wav, in seconds: the turns of the measured conversation. Each of the avatar's begins with its first audible sound. */
export const SAID: readonly { readonly user: readonly [number, number]; readonly avatar: readonly [number, number] }[] = [
  { user: [0.6, 3.9], avatar: [4.15, 7.8] },
  { user: [7.9, 11.5], avatar: [11.6, 15.3] },
  { user: [16.1, 21.6], avatar: [22.16, 25.5] },
  { user: [26.1, 29.4], avatar: [29.86, 33.5] },
  { user: [34, 37.2], avatar: [37.46, 39.6] },
];

/** What the user says into a listening head when a reaction to a voice is measured; it begins with its first audible sound. */
export const REACTED_TO: readonly [number, number] = [7.9, 11.5];
