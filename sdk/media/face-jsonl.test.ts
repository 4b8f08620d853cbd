import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARKIT_INDEX } from "../protocol/arkit.js";
import { readDialogueJson } from "./dialogue-json.js";
import { readFaceJsonl } from "./face-jsonl.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-face-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function place(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("face.jsonl", () => {
  it("reads times, coefficients by name and pose; what is absent is 0", async () => {
    const path = place(
      "face.jsonl",
      '{"t": 0.04, "blendshapes": {"mouthSmileLeft": 0.6}, "pose": {"yaw": 0.1, "roll": -0.2}}\r\n\n{"t": 0.08, "blendshapes": {}}\n',
    );
    const [first, second, ...more] = await readFaceJsonl(path);
    expect(more).toHaveLength(0);
    expect(first!.timeS).toBe(0.04);
    expect(first!.blendshapes[ARKIT_INDEX.mouthSmileLeft]).toBeCloseTo(0.6, 6);
    expect(first!.blendshapes.reduce((a, b) => a + b)).toBeCloseTo(0.6, 6);
    expect([...first!.pose]).toEqual([0.1, 0, -0.2, 0, 0, 0].map(Math.fround));
    expect([...second!.pose]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  const good = '{"t": 0, "blendshapes": {}}\n';
  it.each([
    ["no JSON", `${good}{"t": 0.1,`, /line 2: must be one JSON object/],
    ["an array", `${good}[1]`, /line 2: must be a JSON object/],
    ["no time", '{"blendshapes": {}}', /line 1: "t" must be a number of seconds.*absent/],
    ["a negative time", '{"t": -1, "blendshapes": {}}', /line 1: "t" .* -1/],
    [
      "time that goes back",
      `${good}{"t": 0.2, "blendshapes": {}}\n{"t": 0.1, "blendshapes": {}}`,
      /line 3: "t" must be/,
    ],
    ["an unknown coefficient", '{"t": 0, "blendshapes": {"grin": 1}}', /line 1: "blendshapes.grin"/],
    ["a coefficient too large", '{"t": 0, "blendshapes": {"jawOpen": 1.2}}', /"blendshapes.jawOpen".* 1.2/],
    ["a coefficient that is a text", '{"t": 0, "blendshapes": {"jawOpen": "1"}}', /"blendshapes.jawOpen"/],
    ["no coefficients", '{"t": 0}', /line 1: "blendshapes" must be an object/],
    ["an unknown pose key", '{"t": 0, "blendshapes": {}, "pose": {"tilt": 1}}', /"pose.tilt"/],
    ["a pose beyond float32", '{"t": 0, "blendshapes": {}, "pose": {"yaw": 1e300}}', /"pose.yaw".*finite/],
    ["an unknown key", '{"t": 0, "blendshapes": {}, "name": 1}', /"name" is not a known key/],
    ["empty lines only", "\n\n", /holds no face/],
  ])("refuses %s and says where", async (_, content, message) => {
    const path = place("bad.jsonl", content);
    await expect(readFaceJsonl(path)).rejects.toMatchObject({
      code: "input-invalid",
      message: expect.stringMatching(message),
    });
    await expect(readFaceJsonl(path)).rejects.toThrow(path);
  });
});

describe("dialogue.json", () => {
  it("reads turns in the order of their times", async () => {
    const path = place(
      "d.json",
      '[{"role":"avatar","text":"Hi","t":2},{"role":"user","text":"Hello","t":0.5},{"role":"user","text":"You?","t":2}]',
    );
    expect(await readDialogueJson(path)).toEqual([
      { role: "user", text: "Hello", timeS: 0.5 },
      { role: "avatar", text: "Hi", timeS: 2 },
      { role: "user", text: "You?", timeS: 2 },
    ]);
  });

  const good = '{"role": "user", "text": "a", "t": 0}';
  it.each([
    ["no JSON", `[\n${good},\n]`, /line 3: must be JSON/],
    ["an object", "{}", /top level: must be an array/],
    [
      "a wrong role",
      `[${good}, {"role": "narrator", "text": "a", "t": 1}]`,
      /\[1\]\.role: must be "user" or "avatar".*narrator/,
    ],
    ["no role", '[{"text": "a", "t": 1}]', /\[0\]\.role: .* absent/],
    ["an empty text", '[{"role": "user", "text": " ", "t": 1}]', /\[0\]\.text/],
    ["a time that is a text", '[{"role": "user", "text": "a", "t": "1"}]', /\[0\]\.t: .*"1"/],
    ["an unknown key", '[{"role": "user", "text": "a", "t": 1, "mood": 1}]', /\[0\]\.mood/],
    ["a turn that is a number", "[3]", /\[0\]: must be an object/],
  ])("refuses %s and says where", async (_, content, message) => {
    const path = place("bad.json", content);
    await expect(readDialogueJson(path)).rejects.toMatchObject({
      code: "input-invalid",
      message: expect.stringMatching(message),
    });
  });
});
