import { setFlagsFromString } from "node:v8";

// Most of what a tick makes is garbage at its end: a young generation that grows to 32 MiB, and an old one that grows
// to several times of what is in use before it is collected, only make npmon look big. With 1,000 rows of all tags this
// takes 134 MiB at most instead of 184, and 4 % more CPU; below double it becomes dear (119 MiB and 30 % at 1.3).
setFlagsFromString("--semi-space-growth-factor=1 --heap-growing-percent=100");
