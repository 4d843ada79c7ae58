import { LabIcon } from "@jupyterlab/ui-components";

/** A pulse line through an open ring. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g fill="none" stroke-linecap="round" stroke-linejoin="round" stroke-width="2">
    <path class="jp-icon3" stroke="#616161" d="M4.1 8.2a9 9 0 0 1 15.8 0M19.9 15.8a9 9 0 0 1-15.8 0"/>
    <path class="jp-icon3" stroke="#616161" d="M1.8 12h5l2.4-5 4.6 10 2.6-5h5.8"/>
  </g>
</svg>`;

export const pulseIcon = new LabIcon({ name: "ipyvitals:pulse", svgstr: SVG });
