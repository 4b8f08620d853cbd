/** Options of {@link makeSampleVrm}. */
export type SampleVrmOptions = {
  /** The generation of VRM. @default "1" */
  readonly version?: "0" | "1";
  /** With the 52 ARKit names as expressions. @default true */
  readonly perfectSync?: boolean;
};

/** The sample avatar as a GLB: a head with ARKit's shapes, eyes, hair, shoulders, and the bones that VRM wants. */
export function makeSampleVrm(options?: SampleVrmOptions): Uint8Array;
