// What docs/screenshots has a picture of. To add one is to add a line here.
import type { Visit } from './visit.js';

export interface View {
  /** How wide the window is, in CSS pixels; 1000 where it does not say. */
  width?: number;
  /** How high; 880. */
  height?: number;
  dark?: boolean;
  /** Brings the page from Alice's list to what is to be seen. */
  show(visit: Visit): Promise<unknown>;
}

/** Each by the name of its file. */
export const views: Record<string, View> = {
  files: { show: (visit) => visit.listed('contract.pdf') },
  dark: { dark: true, show: (visit) => visit.listed('contract.pdf') },
  phone: { width: 390, height: 844, show: (visit) => visit.listed('contract.pdf') },
  upload: { show: (visit) => visit.sending('holiday.mp4') },
  share: {
    async show(visit) {
      const dialog = await visit.dialog('Share', 'contract.pdf');
      for (const [whom, level] of [
        ['bob', 'read'],
        ['eve', 'manage'],
      ] as const) {
        await dialog.getByLabel('Whom').fill(whom);
        await dialog.getByLabel('What they may do').selectOption(level);
        await dialog.getByRole('button', { name: 'Share' }).click();
        await dialog.getByText(`${whom} may`).waitFor();
      }
      await visit.write(dialog.getByLabel('Where they find it'), `https://files.example.com/app/files/${visit.example}`);
    },
  },
};
