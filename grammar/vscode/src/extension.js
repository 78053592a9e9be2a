// Starts `pretext lsp` and lets it answer for every recipe.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

function made() {
  const settings = vscode.workspace.getConfiguration("pretext");
  const command = settings.get("path") || "pretext";
  const args = ["lsp", ...(settings.get("arguments") || [])];
  return new LanguageClient(
    "pretext",
    "Pretext",
    { command, args, transport: TransportKind.stdio },
    {
      documentSelector: [
        { scheme: "file", language: "ssl" },
        { scheme: "untitled", language: "ssl" },
      ],
    },
  );
}

async function start() {
  // a workspace that nobody trusts names no program to start
  if (!vscode.workspace.isTrusted) {
    return;
  }
  client = made();
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const path = vscode.workspace.getConfiguration("pretext").get("path");
    const open = "Open settings";
    const message = `Pretext: can't start "${path}" lsp: ${error instanceof Error ? error.message : error}`;
    if ((await vscode.window.showErrorMessage(message, open)) === open) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "pretext.path");
    }
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) {
    await running.stop();
  }
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  const again = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand("pretext.restart", again),
    vscode.workspace.onDidGrantWorkspaceTrust(start),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("pretext.path") || change.affectsConfiguration("pretext.arguments")) {
        return again();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
