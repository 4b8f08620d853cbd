import { describe, expect, it } from "vitest";
import { ratingPage } from "./rating-page.js";
import { parseRatings, scoreRatings } from "./rating-scores.js";

const KEY = {
  a1: { system: "ours", clip: "1" },
  b2: { system: "other", clip: "1" },
  c3: { system: "ours", clip: "2" },
};

describe("ratings", () => {
  it("are read and scored by system, best first, with an interval over raters", () => {
    const ratings = [
      ...parseRatings('rater,item,score,seconds,comment\nx,a1,5,3.1,"fine"\nx,b2,2,4,""\nx,c3,4,2,""\n'),
      ...parseRatings("rater,item,score\ny,a1,4\ny,b2,1\n"),
    ];
    const [ours, other] = scoreRatings(ratings, KEY);
    expect(ours).toMatchObject({ system: "ours", ratings: 3, raters: 2 });
    expect(ours!.mean).toBeCloseTo(13 / 3, 9);
    expect(ours!.interval).toEqual([4, 4.5]); // two raters: 4.5 and 4 at the ends
    expect(other).toMatchObject({ mean: 1.5, ratings: 2 });
  });

  it.each([
    ["rater,item\nx,a1\n", /line 1 must name/],
    ["rater,item,score\nx,a1,6\n", /line 2: score must be a whole number from 1 to 5/],
    ["rater,item,score\nx,a1,\n", /line 2: score/],
  ])("are refused where they break a rule: %j", (csv, rule) => {
    expect(() => parseRatings(csv)).toThrow(rule);
  });

  it("of another study are refused", () => {
    expect(() => scoreRatings([{ rater: "x", item: "zz", score: 3 }], KEY)).toThrow(/zz of rater x/);
  });
});

it("the page knows random names only, and text cannot break out of it", () => {
  const page = ratingPage({
    title: "A <b> & study",
    question: "How?",
    items: [{ item: "a1", avatar: "f00.webm", user: "</script><script>alert(1)</script>.webm" }],
  });
  expect(page).toContain("A &lt;b&gt; &amp; study");
  expect(page).not.toContain("<script>alert");
  expect(page).toContain('"item":"a1"');
  expect(page).not.toContain("ours");
});
