import { describe, expect, it } from "vitest";
import type { DialogueTurn } from "../protocol/dialogue.js";
import { moodOf, moodOfText } from "./mood.js";
import { MOOD_WORDS } from "./mood-words.js";
import { NEUTRAL_AFFECT, OfflineReasoner } from "./offline-reasoner.js";

const say = (role: "user" | "avatar", text: string, timeS = 0): DialogueTurn => ({ role, text, timeS });
const infer = async (...turns: DialogueTurn[]): Promise<string> => (await new OfflineReasoner().infer(turns)).text;

describe("moodOfText", () => {
  it("knows good from bad, and what a negation does", () => {
    expect(moodOfText("I am so happy today!").valence).toBeGreaterThan(0.5);
    expect(moodOfText("This is terrible.").valence).toBeLessThan(-0.4);
    expect(moodOfText("I am not happy.").valence).toBeLessThan(-0.3);
    expect(moodOfText("The train leaves at nine.").valence).toBe(0);
    expect(moodOfText("very good").valence).toBeGreaterThan(moodOfText("good").valence);
    expect(moodOfText("constructor toString").valence).toBe(0);
  });

  it("fades over minutes, and keeps the two people apart", () => {
    const turns = [say("user", "My dog died, I am so sad.", 0), say("avatar", "I love this!", 1)];
    const at = (timeS: number) => moodOf(turns, "user", timeS);
    expect(at(0).valence).toBeLessThan(-0.5);
    expect(at(60).valence).toBeGreaterThan(at(0).valence);
    expect(at(60).kinds.sadness).toBeGreaterThan(0.2);
    expect(Math.abs(at(600).valence)).toBeLessThan(0.02);
    expect(moodOf(turns, "avatar", 1).valence).toBeGreaterThan(0.3);
  });
});

describe("OfflineReasoner", () => {
  it("is neutral without a reason", async () => {
    expect(await infer()).toBe(NEUTRAL_AFFECT);
    expect(await infer(say("user", "The train leaves at nine."))).toBe(NEUTRAL_AFFECT);
  });

  it("shares joy and laughter", async () => {
    expect(await infer(say("user", "I got the job, this is wonderful, I am so happy!"))).toMatch(/joyful|happy/);
    expect(await infer(say("user", "haha that joke was hilarious"))).toMatch(/amused/);
    expect(await infer(say("user", "What time is it?"))).toMatch(/curious/);
  });

  it("answers sadness, fear and anger with concern and calm", async () => {
    expect(await infer(say("user", "My grandmother died yesterday and I can't stop crying."))).toMatch(
      /concerned.*sympathetic/,
    );
    expect(await infer(say("user", "You idiots, this is outrageous, I am furious!"))).toMatch(/calm/);
    expect(await infer(say("user", "I am terrified, I am so worried about the exam."))).toMatch(/concerned/);
  });

  it("stays concerned a minute after bad news, though the last words are neutral", async () => {
    const text = await infer(
      say("user", "My grandmother died, I am heartbroken.", 0),
      say("user", "I took the bus.", 60),
    );
    expect(text).toMatch(/concerned/);
  });

  it("never copies what an avatar should not feel, whatever is said", async () => {
    const words = Object.values(MOOD_WORDS).flat();
    for (let i = 0; i < words.length; i++)
      for (const role of ["user", "avatar"] as const) {
        const text = await infer(
          say(role, `${words[i]} ${words[(i * 7 + 3) % words.length]}!`),
          say("user", words[(i * 5) % words.length]!),
        );
        expect(text).not.toMatch(/sad\b|angry|annoyed|disgusted|afraid|nervous/);
      }
  });
});
