// A record that passed the first check may still break a view: then say so in its place, never show a blank page.

import { Component, type ComponentChildren } from "preact";

interface Props {
  children: ComponentChildren;
}

export class Guard extends Component<Props, { message: string | null }> {
  state = { message: null };

  static getDerivedStateFromError(error: unknown) {
    return { message: `The record could not be shown: ${error instanceof Error ? error.message : String(error)}` };
  }

  render() {
    return this.state.message ? <p class="failure" role="alert">{this.state.message}</p> : this.props.children;
  }
}
