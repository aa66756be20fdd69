import type { ReactNode } from 'react'

/**
 * Icons in the colour and size of the surrounding text. They are hidden from screen readers: the
 * controls that show them have labels.
 */
function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 20 20"
      width="1.25em"
      height="1.25em"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
    >
      {children}
    </svg>
  )
}

export const SearchIcon = () => (
  <Icon>
    <circle cx="8.75" cy="8.75" r="5.25" />
    <path d="m12.75 12.75 4 4" />
  </Icon>
)

/** Three sliders, for order and size. */
export const ViewIcon = () => (
  <Icon>
    <path d="M3 5.5h6m4 0h4M3 10h1.5m4 0H17M3 14.5h8m4 0h2" />
    <circle cx="11" cy="5.5" r="1.9" />
    <circle cx="6.5" cy="10" r="1.9" />
    <circle cx="13" cy="14.5" r="1.9" />
  </Icon>
)

/** Lines that become shorter, as a funnel does. */
export const FilterIcon = () => (
  <Icon>
    <path d="M3 5.5h14M5.75 10h8.5M8.5 14.5h3" />
  </Icon>
)

/** A crossed-out picture. */
export const MissingIcon = () => (
  <Icon>
    <path d="M6 4h9a2 2 0 0 1 2 2v8M14.5 16H5a2 2 0 0 1-2-2V5.5M3.5 13.5 7 10l6 6M3 3l14 14" />
  </Icon>
)

/** Nine small cells. */
export const SmallCellsIcon = () => (
  <Icon>
    <path d="M4 4h2v2H4zM9 4h2v2H9zM14 4h2v2h-2zM4 9h2v2H4zM9 9h2v2H9zM14 9h2v2h-2zM4 14h2v2H4zM9 14h2v2H9zM14 14h2v2h-2z" />
  </Icon>
)

export const MediumCellsIcon = () => (
  <Icon>
    <path d="M4 4h4.5v4.5H4zM11.5 4H16v4.5h-4.5zM4 11.5h4.5V16H4zM11.5 11.5H16V16h-4.5z" />
  </Icon>
)

export const LargeCellsIcon = () => (
  <Icon>
    <rect x="4" y="4" width="12" height="12" rx="1.5" />
  </Icon>
)

export const PreviousIcon = () => (
  <Icon>
    <path d="m12 4.5-5.5 5.5 5.5 5.5" />
  </Icon>
)

export const NextIcon = () => (
  <Icon>
    <path d="M8 4.5l5.5 5.5-5.5 5.5" />
  </Icon>
)

export const ZoomInIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
)

export const ZoomOutIcon = () => (
  <Icon>
    <path d="M4 10h12" />
  </Icon>
)

/** Four corners that point outwards. */
export const WidenIcon = () => (
  <Icon>
    <path d="M7.5 3.5h-4v4m9-4h4v4m-9 9h-4v-4m9 4h4v-4" />
  </Icon>
)

/** Four corners that point inwards. */
export const NarrowIcon = () => (
  <Icon>
    <path d="M3.5 7.5h4v-4m9 4h-4v-4m-9 9h4v4m9-4h-4v4" />
  </Icon>
)

export const MenuIcon = () => (
  <Icon>
    <path d="M3 4h14v12H3zM8 4v12" />
  </Icon>
)

/** Two pictures, one behind the other. */
export const ImagesIcon = () => (
  <Icon>
    <path d="M3 7h10v9H3zM6 7V4h11v9h-4M3 14l3.5-3.5L12 16" />
  </Icon>
)

export const TagIcon = () => (
  <Icon>
    <path d="M3 4h7l7 7-6 6-8-8zM6.75 7.5h.01" />
  </Icon>
)

/** Lines of text, crossed out. */
export const NoAltIcon = () => (
  <Icon>
    <path d="M4 6h12M4 10h12M4 14h7M3.5 17.5l13-15" />
  </Icon>
)

/** A pin on a map. */
export const PinIcon = () => (
  <Icon>
    <path d="M10 17.5s-5.5-5-5.5-9a5.5 5.5 0 0 1 11 0c0 4-5.5 9-5.5 9z" />
    <circle cx="10" cy="8.5" r="1.8" />
  </Icon>
)

export const BinIcon = () => (
  <Icon>
    <path d="M3.5 5.5h13M8 5.5v-2h4v2M5.5 5.5l.75 11h7.5l.75-11" />
  </Icon>
)

export const AddIcon = ZoomInIcon

export const RemoveIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
)

/** Three dots. */
export const MoreIcon = () => (
  <Icon>
    <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" />
  </Icon>
)

/** Two frames, one before the other. */
export const DoubleIcon = () => (
  <Icon>
    <rect x="3.5" y="6.5" width="9.5" height="10" rx="1.5" />
    <path d="M7 3.5h8a1.5 1.5 0 0 1 1.5 1.5v9" />
  </Icon>
)

/** A pen on a line. */
export const WriteIcon = () => (
  <Icon>
    <path d="m5 12.5 7.5-7.5 2.5 2.5-7.5 7.5H5zM3.5 17h13" />
  </Icon>
)
