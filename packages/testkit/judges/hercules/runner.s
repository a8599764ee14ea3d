# Runs the instructions of a table of records on a bare machine, at absolute address 10000 (hexadecimal).
# Record: 0 instruction (6 bytes), 8 gr 1, 16 gr 2, 24 first operand (64), 88 second operand (64),
# 152 condition code, 154 program-interruption code; 160 bytes. gr 5 and 6 point to the operands.
# Before the program: address of the first record, number of records.
        .globl  start
records: .quad  0
count:  .quad   0
start:  larl    %r12,records
        lg      %r10,0(%r12)
        lg      %r11,8(%r12)
loop:   larl    %r9,slot
        mvc     0(6,%r9),0(%r10)
        la      %r5,24(%r10)
        la      %r6,88(%r10)
        lg      %r1,8(%r10)
        lg      %r2,16(%r10)
        llgc    %r0,152(%r10)
        sll     %r0,28
        spm     %r0
        j       slot
slot:   .fill   6,1,0
        # A four-byte instruction is followed by BC 0 (a no-operation) in its record.
        ipm     %r0
        srl     %r0,28
        stc     %r0,152(%r10)
next:   stg     %r1,8(%r10)
        stg     %r2,16(%r10)
        aghi    %r10,160
        brctg   %r11,loop
        larl    %r9,done
        lpswe   0(%r9)
program: lh     %r0,0x8e
        sth     %r0,154(%r10)
        llgc    %r0,0x152
        srl     %r0,4
        nill    %r0,3
        stc     %r0,152(%r10)
        j       next
        .balign 8
done:   .quad   0x0002000180000000
        .quad   0
