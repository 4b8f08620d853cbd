/** Records a live head to WebM with transparency or to MP4, in the browser. Import from "echo-head/recorder". */
export {
  HeadRecorder,
  type RecordableAgent,
  type Recording,
  type RecordingFormat,
  type RecordingOptions,
  type SoundSource,
} from "./head-recorder.js";
