// This one is installed where the breaches are, and found in its own dist folder, as most packages are in earnest.
export { load } from 'js-yaml'
