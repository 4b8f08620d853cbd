import { expect, it } from "vitest";
import { UserDevice } from "./user-device.js";

/** A track as far as a device is concerned. */
class FakeTrack extends EventTarget {
  readyState = "live";
  muted = false;
  stopped = 0;

  stop(): void {
    this.stopped += 1;
    this.readyState = "ended";
  }

  tell(event: "ended" | "mute" | "unmute"): void {
    if (event === "ended") this.readyState = "ended";
    else this.muted = event === "mute";
    this.dispatchEvent(new Event(event));
  }
}

async function setUp(options: { own?: boolean } = {}) {
  const track = new FakeTrack();
  const stream = { getAudioTracks: () => [track], getVideoTracks: () => [], getTracks: () => [track] };
  const told: string[] = [];
  let reading = 0;
  const device = await UserDevice.attach(
    {
      input: "microphone",
      open: async () => stream as unknown as MediaStream,
      read: async () => {
        reading += 1;
        return () => {
          reading -= 1;
        };
      },
      events: {
        emit: (name, payload) =>
          told.push(name === "input-lost" ? `${name}: ${(payload as { error: Error }).error.message}` : name),
      },
    },
    options.own ? undefined : (stream as unknown as MediaStream),
  );
  return { device, track, told, reading: () => reading };
}

it("tells a mute of the system and its end, and reads on", async () => {
  const { device, track, told, reading } = await setUp();
  track.tell("mute");
  track.tell("mute");
  track.tell("unmute");
  expect(told).toEqual(["input-lost: the microphone gives nothing any more: the system muted it", "input-restored"]);
  expect(reading()).toBe(1);
  device.detach();
  expect(reading()).toBe(0);
});

it("stops reading a stream that has ended, tells it once, and leaves the caller's tracks alone", async () => {
  const { device, track, told, reading } = await setUp();
  track.tell("ended");
  track.tell("ended");
  expect(told).toEqual(["input-lost: the microphone gives nothing any more: the device was unplugged or taken away"]);
  expect(reading()).toBe(0);
  device.detach();
  device.detach();
  expect(track.stopped).toBe(0);
});

it("stops the tracks that it opened itself, and says nothing more after it was detached", async () => {
  const { device, track, told } = await setUp({ own: true });
  device.detach();
  expect(track.stopped).toBe(1);
  track.tell("ended");
  expect(told).toEqual([]);
});
