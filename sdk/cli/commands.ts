import { renderFrames } from "../render.js";
import { avatarAddCommand, createAvatarCreateCommand } from "./avatar.js";
import { createBenchCommand } from "./bench.js";
import type { Command } from "./command.js";
import { evalCommand } from "./eval.js";
import { evalJudgeCommand } from "./eval-judge.js";
import { evalRatingPageCommand, evalRatingsCommand } from "./eval-ratings.js";
import { createObsInstallCommand } from "./obs.js";
import { createOverlayCommand } from "./overlay.js";
import { packInfoCommand, packVerifyCommand } from "./pack.js";
import { createRenderCommand } from "./render.js";
import { createServeCommand } from "./serve.js";

/** All commands of echo-head. */
export const COMMANDS: readonly Command[] = [
  createRenderCommand(renderFrames),
  packVerifyCommand,
  packInfoCommand,
  createBenchCommand(renderFrames),
  evalJudgeCommand,
  evalRatingPageCommand,
  evalRatingsCommand,
  evalCommand,
  createServeCommand(),
  createOverlayCommand(),
  createObsInstallCommand(),
  createAvatarCreateCommand(),
  avatarAddCommand,
];
