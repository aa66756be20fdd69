import classes from './navigation.module.css'

/** The name of the program, with its sign: a showcase with an image in it. */
export const NameMark = () => (
  <span className={classes.nameMark} aria-hidden>
    <svg viewBox="0 0 24 24" width="24" height="24" fill="none" aria-hidden>
      <path
        d="M4 3.5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-12a1 1 0 0 1 1-1ZM2 21h20"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path d="m6.5 14 4-5 3 3.5 1.5-1.5 2.5 3z" fill="currentColor" />
    </svg>
    Vitrine
  </span>
)
