// The sidebar's Lumino widget, which renders its content only while it is visible.
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { h, render } from "preact";
import { pulseIcon } from "./icon";
import type { LabContext, MonitorSelection } from "./labContext";
import { SidebarContent } from "./SidebarContent";

export const SIDEBAR_ID = "ipyvitals-sidebar";

export class Sidebar extends Widget {
  readonly #lab: LabContext;
  readonly #selection: MonitorSelection;

  constructor(lab: LabContext, selection: MonitorSelection) {
    super();
    this.#lab = lab;
    this.#selection = selection;
    this.id = SIDEBAR_ID;
    this.addClass("ipyvitals-sidebar");
    this.title.icon = pulseIcon;
    this.title.caption = lab.trans.__("Model Vitals");
  }

  /** Renders when the sidebar becomes visible. */
  protected override onAfterShow(_: Message): void {
    this.#draw();
  }

  protected override onBeforeHide(_: Message): void {
    render(null, this.node);
  }

  protected override onAfterAttach(_: Message): void {
    if (this.isVisible) this.#draw();
  }

  protected override onBeforeDetach(_: Message): void {
    render(null, this.node);
  }

  #draw(): void {
    render(h(SidebarContent, { lab: this.#lab, selection: this.#selection }), this.node);
  }
}
