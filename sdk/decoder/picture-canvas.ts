/** One triangle over everything; canvases blend premultiplied alpha, the model paints straight alpha. */
const SHADER = `
  @group(0) @binding(0) var picture: texture_2d<f32>;
  @vertex fn everywhere(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
    return vec4f(f32(corner & 1) * 4 - 1, f32(corner >> 1) * 4 - 1, 0, 1);
  }
  @fragment fn premultiplied(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let straight = textureLoad(picture, vec2u(at.xy), 0);
    return vec4f(straight.rgb * straight.a, straight.a);
  }`;

const FORMAT = "rgba8unorm";

/** A canvas of a GPU device, on which a picture becomes an ImageBitmap or a VideoFrame without a read-back. */
export class PictureCanvas {
  readonly #device: GPUDevice;
  readonly #size: { readonly width: number; readonly height: number };
  #made: { canvas: OffscreenCanvas; context: GPUCanvasContext; pipeline: GPURenderPipeline } | undefined;

  /** Nothing is made until the first picture is drawn. The device is borrowed. */
  constructor(device: GPUDevice, size: { readonly width: number; readonly height: number }) {
    this.#device = device;
    this.#size = size;
  }

  /** Draws a straight-alpha texture of the canvas's size. The canvas is shared: take the picture from it in the same task. */
  draw(texture: GPUTexture): OffscreenCanvas {
    this.#made ??= this.#make();
    const { canvas, context, pipeline } = this.#made;
    const commands = this.#device.createCommandEncoder();
    const view = context.getCurrentTexture().createView();
    const pass = commands.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: texture.createView() }];
    pass.setBindGroup(0, this.#device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.draw(3);
    pass.end();
    this.#device.queue.submit([commands.finish()]);
    return canvas;
  }

  dispose(): void {
    this.#made?.context.unconfigure();
    this.#made = undefined;
  }

  #make() {
    const device = this.#device;
    const canvas = new OffscreenCanvas(this.#size.width, this.#size.height);
    const context = canvas.getContext("webgpu") as unknown as GPUCanvasContext; // Babylon has its own type for it
    context.configure({ device, format: FORMAT, alphaMode: "premultiplied" });
    const module = device.createShaderModule({ code: SHADER });
    const pipeline = device.createRenderPipeline({
      layout: "auto",
      vertex: { module },
      fragment: { module, targets: [{ format: FORMAT }] },
    });
    return { canvas, context, pipeline };
  }
}
