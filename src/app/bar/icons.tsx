import type { ReactNode } from "react";

function Icon({ name, children }: { name?: string; children: ReactNode }) {
  return (
    <svg
      className={name && `icon-${name}`}
      viewBox="0 0 16 16"
      width="14"
      height="14"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const PlayIcon = () => (
  <Icon>
    <path d="M4.5 2.8v10.4L13 8z" fill="currentColor" />
  </Icon>
);
export const PauseIcon = () => (
  <Icon>
    <path d="M5 3v10M11 3v10" strokeWidth="2.6" />
  </Icon>
);
export const StepIcon = () => (
  <Icon name="step">
    <path d="M3.5 3.2v9.6L10 8z" fill="currentColor" />
    <path d="M12.8 3v10" />
  </Icon>
);
export const ResetIcon = () => (
  <Icon name="reset">
    <path d="M3 8a5 5 0 1 0 1.6-3.7" />
    <path d="M4.4 1.6v2.9h2.9" />
  </Icon>
);
export const ChevronIcon = () => (
  <Icon>
    <path d="M4 6l4 4 4-4" />
  </Icon>
);
export const ThemeIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="5.6" />
    <path d="M8 2.4v11.2A5.6 5.6 0 0 0 8 2.4z" fill="currentColor" />
  </Icon>
);
export const CopyIcon = () => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3.2v-.2a1 1 0 0 0-1-1H3.5a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h.2" />
  </Icon>
);
