/** The part of fft.js (which brings no types) that is used. */
declare module "fft.js" {
  // biome-ignore lint/style/noDefaultExport: that is how fft.js exports it
  export default class FFT {
    /** `size` is a power of two of at least 2. */
    constructor(size: number);
    /** An array of 2 * size zeros: real and imaginary parts in turn. */
    createComplexArray(): number[];
    /** Spectrum of a real signal; fills the lower half (bins 0 .. size / 2) of `out`. */
    realTransform(out: number[], data: ArrayLike<number>): void;
  }
}
