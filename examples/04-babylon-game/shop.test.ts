import { NullEngine } from "@babylonjs/core/Engines/nullEngine.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { expect, it, vi } from "vitest";
import { buildShop } from "./shop.js";

it("the keeper turns to the player, no faster than a person turns", () => {
  const engine = new NullEngine();
  vi.spyOn(engine, "getDeltaTime").mockReturnValue(100);
  const { scene, camera, keeper } = buildShop(engine as never);
  const off = () => {
    const front = Vector3.TransformNormal(new Vector3(0, 0, -1), keeper.computeWorldMatrix(true));
    const to = camera.position.subtract(keeper.position);
    return Math.abs(Math.atan2(front.x * to.z - front.z * to.x, front.x * to.x + front.z * to.z));
  };
  for (const [x, z] of [
    [-2.5, -0.5],
    [2.5, -1],
    [0, -3],
  ] as const) {
    camera.position.set(x, 1, z);
    const before = off();
    scene.render();
    expect(before - off()).toBeLessThan(0.23); // 2.2 rad/s
    for (let i = 0; i < 30; i++) scene.render();
    expect(off()).toBeLessThan(1e-6);
    expect(camera.position.y).toBeCloseTo(1.55, 6); // feet on the floor
  }
  scene.dispose();
  engine.dispose();
});
