/** What an Opus stream says of itself (RFC 7845 sec. 5.1). */
export type OpusHead = {
  readonly channels: number;
  /** Samples at 48 kHz to drop at the start. */
  readonly preSkip: number;
  /** Linear factor for every sample. */
  readonly gain: number;
  /** Set when more than two channels are spread over several streams (mapping family 1 and above). */
  readonly streamCount?: number;
  readonly coupledStreamCount?: number;
  readonly channelMappingTable?: number[];
};

/** Reads an `OpusHead` packet; undefined where there is none. */
export function parseOpusHead(description: AllowSharedBufferSource | undefined): OpusHead | undefined {
  if (description === undefined) return undefined;
  const bytes = ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);
  if (bytes.length < 19 || Buffer.from(bytes.subarray(0, 8)).toString("latin1") !== "OpusHead") return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = view.getUint8(9);
  const preSkip = view.getUint16(10, true);
  const gain = 10 ** (view.getInt16(16, true) / 256 / 20); // Q7.8 dB
  if (view.getUint8(18) === 0) return { channels, preSkip, gain };
  return {
    channels,
    preSkip,
    gain,
    streamCount: view.getUint8(19),
    coupledStreamCount: view.getUint8(20),
    channelMappingTable: [...bytes.subarray(21, 21 + channels)],
  };
}
