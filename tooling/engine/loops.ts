/** What compilers write between branches. */
const between = `
    lg   %r1,8(%r2)
    lgr  %r3,%r1
    aghi %r3,3
    sllg %r4,%r3,2
    la   %r5,4(%r4,%r1)
    agr  %r1,%r5
    stg  %r1,8(%r2)
    l    %r6,300(%r2)
    ahi  %r6,1
    lgfr %r7,%r6
    xgr  %r7,%r5
    nr   %r6,%r7
    st   %r6,304(%r2)
    llgc %r8,17(%r2)
    srlg %r9,%r8,1
    slgr %r9,%r4
`;

/** Loops of guest code, each without an end. */
export const loops: Readonly<Record<string, string>> = {
  /** Load, add, store, count. */
  short: `
    llilf %r2,data
    lghi %r3,0
1:  lgfi %r4,100000000
2:  lg   %r1,8(%r2)
    aghi %r1,3
    stg  %r1,8(%r2)
    brctg %r4,2b
    j    1b
`,
  /** Registers only. */
  registers: `
    lghi %r1,1
    lghi %r2,2
1:  agr  %r1,%r2
    lgr  %r3,%r1
    sllg %r3,%r3,3
    sgr  %r3,%r2
    xgr  %r1,%r3
    aghi %r2,7
    cgr  %r1,%r3
    jl   1b
    risbg %r4,%r1,32,191,5
    ngr  %r4,%r3
    ahi  %r2,1
    j    1b
`,
  /** 400 instructions without a branch. */
  straight: `
    llilf %r2,data
1:
${between.repeat(25)}    j    1b
`,
  /** As compilers write: a call, its save area, a scan of bytes, structure fields, conditions. */
  compiled: `
    llilf %r15,stack
    lghi %r2,0
    llilf %r6,data
    larl %r8,text
    mvc  0(16,%r6),0(%r8)
1:  lgr  %r2,%r6
    lghi %r3,16
    brasl %r14,sum
    stg  %r2,256(%r6)
    lg   %r1,264(%r6)
    agr  %r1,%r2
    stg  %r1,264(%r6)
    ltgr %r1,%r1
    je   2f
    tm   7(%r6),1
    jne  3f
    cli  3(%r6),0x33
    je   3f
2:  l    %r5,300(%r6)
    ahi  %r5,1
    st   %r5,300(%r6)
3:  clgij %r5,77,2,4f
    lgfr %r4,%r5
    cghi %r4,1000
    jh   4f
    nill %r5,255
4:  la   %r7,40(%r5,%r6)
    mvghi 512(%r6),5
    larl %r8,text
    llgc %r9,3(%r8)
    srlg %r9,%r9,1
    j    1b
sum:
    stmg %r11,%r15,88(%r15)
    aghi %r15,-160
    lghi %r1,0
    lgr  %r11,%r2
    agr  %r3,%r2
1:  llgc %r4,0(%r11)
    agr  %r1,%r4
    la   %r11,1(%r11)
    cgrjl %r11,%r3,1b
    lgr  %r2,%r1
    lmg  %r11,%r15,248(%r15)
    br   %r14
    .align 8
text: .ascii "abcdefghijklmnop"
    .skip 4096
stack: .skip 320
`,
  /** Blocks: moved, compared, cleared, by EXECUTE too. */
  blocks: `
    llilf %r6,data
    lghi %r7,100
    larl %r8,2f
1:  mvc  0(8,%r6),64(%r6)
    mvc  256(200,%r6),600(%r6)
    xc   1000(64,%r6),1000(%r6)
    exrl %r7,2f
    clc  0(8,%r6),8(%r6)
    jh   1b
    ex   %r7,0(%r8)
    aghi %r5,1
    j    1b
2:  mvc  2048(1,%r6),1024(%r6)
`,
};
