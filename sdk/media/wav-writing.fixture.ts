/** How a test WAV stores its samples. */
export type WavCoding = "u8" | "s16" | "s24" | "s32" | "f32" | "f64";

const BYTES = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4, f64: 8 } as const;

/** A RIFF/WAVE file for tests: interleaved `samples` in -1..1. Integer codings clip. */
export function writeWav(options: {
  samples: ArrayLike<number>;
  sampleRateHz: number;
  channels?: number;
  coding?: WavCoding;
}): Buffer {
  const { samples, sampleRateHz, channels = 1, coding = "s16" } = options;
  const width = BYTES[coding];
  const data = Buffer.alloc(samples.length * width);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    const clipped = Math.max(-1, Math.min(1, value));
    if (coding === "f32") data.writeFloatLE(value, i * width);
    else if (coding === "f64") data.writeDoubleLE(value, i * width);
    else if (coding === "u8") data.writeUInt8(Math.round(128 + clipped * 127), i);
    else data.writeIntLE(Math.round(clipped * (2 ** (8 * width - 1) - 1)), i * width, width);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(coding.startsWith("f") ? 3 : 1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * channels * width, 28);
  header.writeUInt16LE(channels * width, 32);
  header.writeUInt16LE(8 * width, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** `seconds` of a sine on all channels, interleaved. */
export function sine(options: {
  hz: number;
  seconds: number;
  sampleRateHz: number;
  channels?: number;
  amplitude?: number;
}): Float32Array {
  const { hz, seconds, sampleRateHz, channels = 1, amplitude = 0.5 } = options;
  return Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) * channels },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * Math.floor(i / channels)) / sampleRateHz),
  );
}
