/** Collects the samples of a microphone and posts them about every 20 ms. Runs on the audio thread; it must import nothing. */

/** Samples of one message: 8 render quanta of 128, 21 ms at 48 kHz. */
const MESSAGE_SAMPLES = 1_024;

class CaptureProcessor extends AudioWorkletProcessor {
  #buffer = new Float32Array(MESSAGE_SAMPLES);
  #length = 0;

  override process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true; // the source has paused
    for (const sample of channel) {
      this.#buffer[this.#length++] = sample;
      if (this.#length === MESSAGE_SAMPLES) this.#post();
    }
    return true;
  }

  /** The buffer moves to the main thread, which owns it then. */
  #post(): void {
    this.port.postMessage(this.#buffer, [this.#buffer.buffer]);
    this.#buffer = new Float32Array(MESSAGE_SAMPLES);
    this.#length = 0;
  }
}

registerProcessor("echo-head-capture", CaptureProcessor);
