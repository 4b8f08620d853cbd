/** Checks that every name which sdk/index.ts exports has a doc comment where it is declared. Prints those without; code 1 then. */
import { fileURLToPath } from "node:url";
import ts from "typescript";

const entries = [
  "../sdk/index.ts",
  "../plugins/babylon/index.ts",
  "../plugins/obs/index.ts",
  "../plugins/voice/index.ts",
  "../plugins/recorder/index.ts",
  "../plugins/vrm/index.ts",
  "../plugins/vmc/index.ts",
  "../plugins/vtube-studio/index.ts",
  "../plugins/live-link/index.ts",
  "../sdk/eval/index.ts",
  "../sdk/remote/server/index.ts",
].map((file) => fileURLToPath(new URL(file, import.meta.url)));
const config = ts.getParsedCommandLineOfConfigFile(
  fileURLToPath(new URL("../tsconfig.json", import.meta.url)),
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
);
const program = ts.createProgram(entries, config?.options ?? {});
const checker = program.getTypeChecker();

let names = 0;
const bare = [];
for (const entry of entries) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    names++;
    if (symbol.getDocumentationComment(checker).length > 0) continue;
    const declared = symbol.declarations?.[0];
    bare.push(`${exported.name} (${declared?.getSourceFile().fileName.replace(/.*\/(sdk|plugins)\//, "$1/")})`);
  }
}
for (const line of bare) console.error(`no doc comment: ${line}`);
console.log(`docs: ${names} public names, ${bare.length} without a doc comment`);
if (names === 0 || bare.length > 0) process.exitCode = 1;
