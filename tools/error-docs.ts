import { ERROR_TABLE } from "../sdk/base/errors.js";

/** The text of docs/errors.md, made from the table in sdk/base/errors.ts. */
export function errorDocs(): string {
  const rows = Object.entries(ERROR_TABLE).map(([code, { stage, recoverable, message }]) => {
    const text = message.replace(/\{(\w+)\}/g, "*$1*").replaceAll("|", "\\|");
    return `| \`${code}\` | ${stage} | ${recoverable ? "yes" : "no"} | ${text} |`;
  });
  return `# Errors

Made from \`sdk/base/errors.ts\` by \`npm run docs:errors\`; a test fails when it is out of date.

A mistake of the caller is a \`TypeError\` that names the option by its dotted path and says the rule. A failure of the world is an
\`EchoError\` with a \`code\` from this table, the \`stage\` of the data path that failed, and the \`cause\` where there is one. Test with
\`EchoError.is(error)\`, which also knows errors from worker threads and from another copy of the package.

*Recoverable* says what happens next: yes, the agent is already trying again or goes on without; no, what failed has stopped.

| code | stage | recoverable | message |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
