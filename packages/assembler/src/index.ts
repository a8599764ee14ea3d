/** s390x assembler and disassembler derived from the instruction table. */
export {};
