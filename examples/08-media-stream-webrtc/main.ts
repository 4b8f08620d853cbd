import { EchoAgent, SpeechPlayer } from "echo-head";

const element = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;

// The head, and what it says and shows as a MediaStream: a video track, and a sound track that belongs to it.
const context = new AudioContext();
const voice = await SpeechPlayer.create({ context });
const agent = await EchoAgent.create({ pack: new URL("/pack/", location.href), clock: voice });
const stream = agent.captureStream({ background: "#10302a" });

// A call. Both ends are in this page so that it runs by itself; in yours, offer and answer travel by your signalling.
const here = new RTCPeerConnection();
const there = new RTCPeerConnection();
here.addEventListener("icecandidate", ({ candidate }) => candidate && void there.addIceCandidate(candidate));
there.addEventListener("icecandidate", ({ candidate }) => candidate && void here.addIceCandidate(candidate));

const video = element<HTMLVideoElement>("remote");
there.addEventListener("track", ({ streams: [arrived] }) => {
  if (arrived && video.srcObject !== arrived) video.srcObject = arrived;
});

for (const track of stream.getTracks()) {
  if (track.kind === "video") track.contentHint = "motion";
  here.addTrack(track, stream);
}
await here.setLocalDescription();
await there.setRemoteDescription(here.localDescription as RTCSessionDescription);
await there.setLocalDescription();
await here.setRemoteDescription(there.localDescription as RTCSessionDescription);

// What arrives, as the other end counts it.
let [bytesBefore, most] = [0, 0];
setInterval(async () => {
  const reports = [...(await there.getStats()).values()].filter(({ type }) => type === "inbound-rtp");
  const { framesDecoded = 0, frameWidth = 0, frameHeight = 0 } = reports.find(({ kind }) => kind === "video") ?? {};
  const { bytesReceived = 0 } = reports.find(({ kind }) => kind === "audio") ?? {};
  const soundKbps = ((bytesReceived - bytesBefore) * 8) / 1_000; // a second's worth; silence is next to nothing
  bytesBefore = bytesReceived;
  most = Math.max(most, soundKbps);
  element("stats").textContent =
    `${framesDecoded} frames of ${frameWidth} x ${frameHeight} arrived; sound ${soundKbps.toFixed(0)} kbit/s`;
  Object.assign(document.body.dataset, { frames: framesDecoded, mostKbps: most.toFixed(1) });
}, 1_000);

element("speak").addEventListener("click", async () => {
  await context.resume();
  await video.play();
  const file = await fetch("/conversation/conversation.avatar.wav");
  agent.speak(await context.decodeAudioData(await file.arrayBuffer()));
});
element("hang-up").addEventListener("click", () => {
  for (const track of stream.getTracks()) track.stop();
  here.close();
  there.close();
  void agent.dispose();
});
