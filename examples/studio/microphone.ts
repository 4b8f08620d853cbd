/** The user's microphone, open: its stream for the agent, and an analyser for the picture of its level. */
export type OpenMicrophone = { readonly stream: MediaStream; readonly analyser: AnalyserNode; close(): void };

/**
 * Asks for the microphone. Echo cancellation is on, because the head speaks through the same machine.
 * @throws DOMException NotAllowedError, NotFoundError, NotReadableError as the browser has it
 */
export async function openMicrophone(context: AudioContext): Promise<OpenMicrophone> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  source.connect(analyser);
  return {
    stream,
    analyser,
    close: () => {
      source.disconnect();
      for (const track of stream.getTracks()) track.stop();
    },
  };
}
