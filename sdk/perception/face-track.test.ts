import { describe, expect, it } from "vitest";
import { FaceTrack } from "./face-track.js";
import { FACE_VALUES, faceRecordOf, faceVectorOf, faceVectorOfSample } from "./face-vector.js";

const face = (jaw: number): Float32Array => faceVectorOf({ blendshapes: { jawOpen: jaw } }, "face");
const jaws = (track: FaceTrack, startMs: number): number[] => {
  const block = track.block(startMs, 4);
  return [...block.presence].map((p, i) => (p === 1 ? Number(block.face[i * FACE_VALUES + 17]!.toFixed(2)) : -1));
};

describe("FaceTrack", () => {
  it("gives each frame the newest face not ahead of it", () => {
    const track = new FaceTrack({ frameMs: 40 });
    track.push(0, face(0.1));
    track.push(33, face(0.2));
    track.push(67, face(0.3));
    track.push(100, face(0.4));
    expect(jaws(track, 0)).toEqual([0.1, 0.2, 0.3, 0.4]);
  });

  it("holds a face for half a second, then nobody is there", () => {
    const track = new FaceTrack({ frameMs: 40 });
    track.push(0, face(0.5));
    expect(jaws(track, 400)).toEqual([0.5, 0.5, 0.5, -1]);
    expect(track.block(700, 4).face.every((v) => v === 0)).toBe(true);
  });

  it("lets null end a face at once, and sorts late faces in", () => {
    const track = new FaceTrack({ frameMs: 40 });
    track.push(0, face(0.5));
    track.push(80, null);
    track.push(30, face(0.6));
    expect(jaws(track, 0)).toEqual([0.5, 0.6, -1, -1]);
  });

  it("is bounded", () => {
    const track = new FaceTrack({ frameMs: 40 });
    for (let i = 0; i < 10_000; i++) track.push(i, face(0.5));
    expect(track.at(9_900)).toBeNull();
    expect(track.at(9_999)).not.toBeNull();
  });
});

describe("face vectors", () => {
  it("places names and pose", () => {
    const vector = faceVectorOf(
      { blendshapes: { tongueOut: 1 }, pose: { yaw: 0.1, pitch: 0.2, roll: 0.3, z: 0.5 } },
      "face",
    );
    expect([...vector.subarray(51)].map((v) => Number(v.toFixed(2)))).toEqual([1, 0.1, 0.2, 0.3, 0, 0, 0.5]);
  });

  it("come back as the names they were made of", () => {
    const pose = { yaw: 0.5, pitch: 0.25, roll: -0.5, x: 0, y: 0.125, z: 0.5 };
    const record = faceRecordOf(faceVectorOf({ blendshapes: { jawOpen: 0.5 }, pose }, "face"));
    expect(record.blendshapes).toMatchObject({ jawOpen: 0.5, mouthClose: 0 });
    expect(record.pose).toEqual(pose);
  });

  it.each([
    [{ blendshapes: { smile: 0.5 } }, "face.blendshapes.smile is not an ARKit coefficient"],
    [{ blendshapes: { jawOpen: 1.2 } }, "face.blendshapes.jawOpen must be a finite number from 0 to 1, not 1.2"],
    [{ blendshapes: { jawOpen: Number.NaN } }, "face.blendshapes.jawOpen must be a finite number from 0 to 1, not NaN"],
    [{ blendshapes: {}, pose: { yaw: 0, pitch: 0 } }, "face.pose.roll must be a finite number, not undefined"],
    [{ blendshapes: {}, pose: { yaw: 0, pitch: 0, roll: 0, tilt: 1 } }, "face.pose.tilt is not an option"],
    [{ blendshapes: {}, timestampMs: "now" }, "face.timestampMs must be a finite number"],
    [{ shapes: {} }, "face.shapes is not an option"],
    [7, "face must be an object"],
  ])("refuses %j", (record, message) => {
    expect(() => faceVectorOf(record as never, "face")).toThrow(message);
    expect(() => faceVectorOf(record as never, "face")).toThrow(TypeError);
  });

  it("checks samples in order", () => {
    const sample = { timeS: 0, blendshapes: new Float32Array(52), pose: new Float32Array(6) };
    expect(faceVectorOfSample(sample, "f")).toHaveLength(58);
    expect(() => faceVectorOfSample({ ...sample, pose: new Float32Array(5) }, "f[3]")).toThrow(
      "f[3].pose must have 6 elements, not 5",
    );
    sample.blendshapes[4] = 2;
    expect(() => faceVectorOfSample(sample, "f[3]")).toThrow(
      "f[3].blendshapes[4] must be a finite number from 0 to 1, not 2",
    );
  });
});
