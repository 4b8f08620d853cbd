import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import type { Engine } from "@babylonjs/core/Engines/engine.js";
import { HemisphericLight } from "@babylonjs/core/Lights/hemisphericLight.js";
import { PointLight } from "@babylonjs/core/Lights/pointLight.js";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import { Color3, Color4 } from "@babylonjs/core/Maths/math.color.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreateBox } from "@babylonjs/core/Meshes/Builders/boxBuilder.js";
import { CreateCylinder } from "@babylonjs/core/Meshes/Builders/cylinderBuilder.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import { Scene } from "@babylonjs/core/scene.js";
import "@babylonjs/core/Collisions/collisionCoordinator.js"; // walls that stop the player

/** Height of the shopkeeper's eyes and of the player's, in metres. */
const EYES_M = 1.55;
/** How fast the shopkeeper turns, in radians a second. */
const TURN_RAD_S = 2.2;

/** The shop, the player's eyes in it, and the shopkeeper, whose head is still to come. */
export function buildShop(engine: Engine): { scene: Scene; camera: FreeCamera; keeper: TransformNode } {
  const scene = new Scene(engine);
  scene.clearColor = new Color4(0.07, 0.06, 0.08, 1);
  scene.collisionsEnabled = true;
  const paint = (name: string, red: number, green: number, blue: number): StandardMaterial => {
    const material = new StandardMaterial(name, scene);
    material.diffuseColor = new Color3(red, green, blue);
    material.specularColor = Color3.Black();
    return material;
  };
  const [wood, dark, plaster, cloth, brass] = [
    paint("wood", 0.45, 0.29, 0.16),
    paint("dark", 0.24, 0.15, 0.09),
    paint("plaster", 0.62, 0.55, 0.43),
    paint("cloth", 0.2, 0.32, 0.3),
    paint("brass", 0.8, 0.6, 0.2),
  ];
  const box = (size: [number, number, number], at: [number, number, number], material: StandardMaterial): void => {
    const mesh = CreateBox("box", { width: size[0], height: size[1], depth: size[2] }, scene);
    mesh.position.set(...at);
    mesh.material = material;
    mesh.checkCollisions = true;
  };
  box([8, 0.1, 8], [0, -0.05, 0], dark); // floor
  box([8, 3, 0.1], [0, 1.5, 2], plaster);
  for (const x of [-4, 4]) box([0.1, 3, 8], [x, 1.5, 0], plaster);
  box([8, 3, 0.1], [0, 1.5, -4], plaster);
  box([3.4, 1, 0.6], [0, 0.5, 0], wood); // the counter
  box([3.6, 0.06, 0.8], [0, 1.03, 0], dark);
  for (const y of [1.2, 1.7, 2.2]) box([6, 0.05, 0.3], [0, y, 1.8], wood);
  for (let i = 0; i < 14; i++) {
    const jar = CreateCylinder("jar", { height: 0.24, diameter: 0.16 }, scene);
    jar.position.set(-2.7 + 0.41 * i, 1.35 + 0.5 * (i % 3), 1.8);
    jar.material = [cloth, brass, plaster][i % 3]!;
  }
  new HemisphericLight("sky", Vector3.Up(), scene).intensity = 0.55;
  const lamp = new PointLight("lamp", new Vector3(0.6, 2.6, -0.4), scene);
  lamp.diffuse = new Color3(1, 0.82, 0.55);
  lamp.intensity = 0.7;

  const keeper = new TransformNode("keeper", scene);
  keeper.position.z = 0.85;
  // The picture ends below the shoulders: the body begins there, a hand behind it.
  const body = CreateCylinder("body", { height: 1.32, diameterTop: 0.6, diameterBottom: 0.5 }, scene);
  body.scaling.z = 0.5;
  body.position.set(0, 0.66, 0.16);
  body.material = cloth;
  body.parent = keeper;

  const camera = new FreeCamera("player", new Vector3(0.5, EYES_M, -1.6), scene);
  camera.setTarget(new Vector3(0, EYES_M - 0.1, 0.85));
  camera.attachControl();
  camera.minZ = 0.05;
  camera.speed = 0.06;
  camera.checkCollisions = true;
  camera.applyGravity = false;
  camera.ellipsoid.set(0.3, 0.7, 0.3);
  for (const [keys, code] of [
    [camera.keysUp, 87],
    [camera.keysDown, 83],
    [camera.keysLeft, 65],
    [camera.keysRight, 68],
  ] as const)
    keys.push(code); // W, S, A, D
  scene.onBeforeRenderObservable.add(() => {
    camera.position.y = EYES_M; // feet on the floor
    turnTo(keeper, camera.position, (TURN_RAD_S * engine.getDeltaTime()) / 1_000);
  });
  return { scene, camera, keeper };
}

/** Turns a character to a place, no faster than a person turns. Its front is -z. */
function turnTo(node: TransformNode, place: Vector3, mostRad: number): void {
  const to = Math.atan2(node.position.x - place.x, node.position.z - place.z);
  const left = Math.atan2(Math.sin(to - node.rotation.y), Math.cos(to - node.rotation.y));
  node.rotation.y += Math.max(-mostRad, Math.min(mostRad, left));
}
