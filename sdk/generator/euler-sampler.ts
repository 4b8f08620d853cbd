/**
 * Integrates a flow from noise (time 0) to data (time 1) by Euler's method over the pack's times (docs/pack.md, "One block"):
 * x += (times[i + 1] or 1 - times[i]) * v(x, times[i]). `x` is changed in place and is not used after by the caller of `velocity`.
 */
export async function sampleEuler(
  x: Float32Array,
  times: readonly number[],
  velocity: (x: Float32Array, time: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    const step = (times[i + 1] ?? 1) - time;
    const v = await velocity(x, time);
    for (let j = 0; j < x.length; j++) x[j]! += step * v[j]!; // x_{t+dt} = x_t + dt * v(x_t, t); Eq. 1, f32 [N,4,12,32]
  }
  return x;
}
