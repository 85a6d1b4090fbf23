declare const trustedTypes:
  | { createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown }
  | undefined;

/** Lets a worker be of the page's own origin (docs/typescript.md). All else that could become a script is refused. */
export function trustOwnScripts(): void {
  if (typeof trustedTypes === 'undefined') return;
  trustedTypes.createPolicy('default', {
    createScriptURL(address) {
      if (new URL(address, location.href).origin !== location.origin) throw new TypeError(`a script of ${address}`);
      return address;
    },
  });
}
