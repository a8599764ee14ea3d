/** Fetches Debian packages, verified up to the signed Release file; builds initramfs archives. */
export {};
