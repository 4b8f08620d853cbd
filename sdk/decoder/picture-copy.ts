/** One triangle over everything. */
const SHADER = `
  @group(0) @binding(0) var picture: texture_2d<f32>;
  @vertex fn everywhere(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
    return vec4f(f32(corner & 1) * 4 - 1, f32(corner >> 1) * 4 - 1, 0, 1);
  }
  @fragment fn premultiplied(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let straight = textureLoad(picture, vec2u(at.xy), 0);
    return vec4f(straight.rgb * straight.a, straight.a);
  }`;

const pipelines = new WeakMap<GPUDevice, GPURenderPipeline>();

/** Where {@link copyPicture} takes a picture from, and where it puts it. */
export type PictureCopy = {
  /** The device of both textures, `frame.device`. */
  readonly device: GPUDevice;
  /** Straight alpha, rgba8unorm: `frame.texture`. */
  readonly from: GPUTexture;
  /** Of the same size, rgba8unorm; it must be a copy's destination, or, for `premultiply`, a render attachment. */
  readonly to: GPUTexture;
  /** Whether colour is multiplied by alpha, as canvases and most engines blend it. */
  readonly premultiply: boolean;
};

/** Copies a frame's texture into a texture of an engine on the same GPU device. */
export function copyPicture({ device, from, to, premultiply }: PictureCopy): void {
  const commands = device.createCommandEncoder();
  if (premultiply) {
    const view = to.createView();
    const pass = commands.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
    const pipeline = pipelineOf(device);
    const entries = [{ binding: 0, resource: from.createView() }];
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.draw(3);
    pass.end();
  } else {
    commands.copyTextureToTexture({ texture: from }, { texture: to }, [from.width, from.height]);
  }
  device.queue.submit([commands.finish()]);
}

function pipelineOf(device: GPUDevice): GPURenderPipeline {
  let pipeline = pipelines.get(device);
  if (pipeline === undefined) {
    const module = device.createShaderModule({ code: SHADER });
    const fragment = { module, targets: [{ format: "rgba8unorm" as const }] };
    pipeline = device.createRenderPipeline({ layout: "auto", vertex: { module }, fragment });
    pipelines.set(device, pipeline);
  }
  return pipeline;
}
