import { page } from '../../test/page.js';
import { start } from './page.js';

page(start);
