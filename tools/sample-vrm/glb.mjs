/** Writes a GLB: one buffer, shapes as sparse accessors, because a shape moves a small part of a face. */
const FLOAT = 5126;
const UNSIGNED_SHORT = 5123;

export class GlbWriter {
  #facesBack;
  #chunks = [];
  #bytes = 0;
  #json = {
    asset: { version: "2.0", generator: "echo-head sample avatar" },
    scene: 0,
    scenes: [{ nodes: [] }],
    nodes: [],
    meshes: [],
    materials: [],
    accessors: [],
    bufferViews: [],
    buffers: [],
  };

  /** @param {{ facesBack: boolean }} options `facesBack`: turn everything to -z, as avatars of VRM 0 face */
  constructor({ facesBack }) {
    this.#facesBack = facesBack;
  }

  material({ name, roughness }) {
    const pbrMetallicRoughness = { baseColorFactor: [1, 1, 1, 1], metallicFactor: 0, roughnessFactor: roughness };
    return this.#json.materials.push({ name, doubleSided: true, pbrMetallicRoughness }) - 1;
  }

  node(name, place, parent, mesh, rotation) {
    const node = {
      name,
      translation: this.#turned(place),
      ...(mesh === undefined ? {} : { mesh }),
      ...(rotation && { rotation }),
    };
    const index = this.#json.nodes.push(node) - 1;
    if (parent === undefined) this.#json.scenes[0].nodes.push(index);
    else {
      this.#json.nodes[parent].children ??= [];
      this.#json.nodes[parent].children.push(index);
    }
    return index;
  }

  /** @param {string} name @param {import("./part.mjs").Part} part @param {number} material @param {readonly string[]} shapes */
  mesh(name, part, material, shapes = []) {
    const attributes = {
      POSITION: this.#accessor(
        part.points.map((point) => this.#turned(point)),
        true,
      ),
      NORMAL: this.#accessor(part.normals().map((normal) => this.#turned(normal))),
      COLOR_0: this.#accessor(part.colours),
    };
    const indices = this.#view(Uint16Array.from(part.triangles), 34963);
    const indexAccessor =
      this.#json.accessors.push({
        bufferView: indices,
        componentType: UNSIGNED_SHORT,
        count: part.triangles.length,
        type: "SCALAR",
      }) - 1;
    const targets = shapes.map((shape) => ({
      POSITION: this.#sparse(part.points.length, part.shapes.get(shape) ?? new Map()),
    }));
    const primitive = { attributes, indices: indexAccessor, material, ...(targets.length > 0 && { targets }) };
    const names = targets.length > 0 && { weights: targets.map(() => 0), extras: { targetNames: shapes } };
    return this.#json.meshes.push({ name, primitives: [primitive], ...names }) - 1;
  }

  /** @param {object} extensions @returns {Uint8Array} */
  finish(extensions) {
    const json = {
      ...this.#json,
      buffers: [{ byteLength: this.#bytes }],
      extensionsUsed: Object.keys(extensions),
      extensions,
    };
    const text = new TextEncoder().encode(JSON.stringify(json));
    const padded = Math.ceil(text.length / 4) * 4;
    const out = new Uint8Array(12 + 8 + padded + 8 + this.#bytes);
    const view = new DataView(out.buffer);
    const head = [0x46546c67, 2, out.length, padded, 0x4e4f534a];
    for (const [i, value] of head.entries()) view.setUint32(i * 4, value, true);
    out.fill(0x20, 20, 20 + padded).set(text, 20);
    view.setUint32(20 + padded, this.#bytes, true);
    view.setUint32(24 + padded, 0x004e4942, true);
    let at = 28 + padded;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  #turned([x, y, z]) {
    return this.#facesBack ? [-x, y, -z] : [x, y, z];
  }

  #accessor(vectors, bounds = false) {
    const values = Float32Array.from(vectors.flat());
    const accessor = {
      bufferView: this.#view(values, 34962),
      componentType: FLOAT,
      count: vectors.length,
      type: "VEC3",
    };
    return this.#json.accessors.push({ ...accessor, ...(bounds && this.#bounds([...values])) }) - 1;
  }

  /** @param {number} count @param {Map<number, number[]>} shifts */
  #sparse(count, shifts) {
    const entries = [...shifts].sort(([a], [b]) => a - b);
    const values = Float32Array.from(entries.flatMap(([, shift]) => this.#turned(shift)));
    const indices = this.#view(Uint16Array.from(entries.map(([index]) => index)));
    const sparse = {
      count: entries.length,
      indices: { bufferView: indices, componentType: UNSIGNED_SHORT },
      values: { bufferView: this.#view(values) },
    };
    const bounds = this.#bounds([...values, 0, 0, 0]); // the points that stay count too
    return this.#json.accessors.push({ componentType: FLOAT, count, type: "VEC3", sparse, ...bounds }) - 1;
  }

  #bounds(values) {
    const axis = (k) => values.filter((_, i) => i % 3 === k);
    const each = (of) => [0, 1, 2].map((k) => axis(k).reduce((a, b) => of(a, b)));
    return { min: each(Math.min), max: each(Math.max) };
  }

  #view(array, target) {
    const bytes = new Uint8Array(Math.ceil(array.byteLength / 4) * 4); // views begin at multiples of 4
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    const view = { buffer: 0, byteOffset: this.#bytes, byteLength: array.byteLength, ...(target && { target }) };
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    return this.#json.bufferViews.push(view) - 1;
  }
}
