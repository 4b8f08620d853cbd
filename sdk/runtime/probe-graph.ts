import type { GraphSource } from "./session.js";

/** An ONNX graph of one node, y = x + x on float32 [1]; opset 17, IR 8. */
const BASE64 = "CAgSADo5Cg4KAXgKAXgSAXkiA0FkZBIFcHJvYmVaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAR";

/** The graph on which a backend shows that it runs. */
export const PROBE_GRAPH: GraphSource = {
  name: "probe",
  file: "(probe)",
  bytes: Uint8Array.from(atob(BASE64), (character) => character.charCodeAt(0)),
  inputs: { x: { dtype: "float32", shape: [1] } },
  outputs: { y: { dtype: "float32", shape: [1] } },
};
