/** General, control and I/O instructions, message security, and the large functions of the later machines. */
import { type Gap, gapsOf } from "./gap.ts";

const general = gapsOf(undefined, [
  ["COMPARE AND FORM CODEWORD", "CFC b21a"],
  ["COMPARE UNTIL SUBSTRING EQUAL", "CUSE b257"],
  ["COMPRESSION CALL", "CMPSC b263"],
  ["UPDATE TREE", "UPT 0102"],
]);

/** The linkage stack, program calls, and address spaces by number. */
const linkage = gapsOf(undefined, [
  ["BRANCH AND SET AUTHORITY", "BSA b25a"],
  ["BRANCH AND STACK", "BAKR b240"],
  ["BRANCH IN SUBSPACE GROUP", "BSG b258"],
  ["EXTRACT AND SET EXTENDED AUTHORITY", "ESEA b99d"],
  ["EXTRACT STACKED REGISTERS", "EREG b249 EREGG b90e"],
  ["EXTRACT STACKED STATE", "ESTA b24a"],
  ["INSERT VIRTUAL STORAGE KEY", "IVSK b223"],
  ["LOAD ADDRESS SPACE PARAMETERS", "LASP e500"],
  ["MODIFY STACKED STATE", "MSTA b247"],
  ["PROGRAM CALL", "PC b218"],
  ["PROGRAM RETURN", "PR 0101"],
  ["PROGRAM TRANSFER", "PT b228"],
  ["RESUME PROGRAM", "RP b277"],
  ["SET SECONDARY ASN", "SSAR b225"],
  ["TRACE", "TRACE 99 TRACG eb0f"],
  ["TRAP", "TRAP2 01ff TRAP4 b2ff"],
]);
const asnAndLxReuse = gapsOf(6, [
  ["EXTRACT PRIMARY ASN AND INSTANCE", "EPAIR b99a"],
  ["EXTRACT SECONDARY ASN AND INSTANCE", "ESAIR b99b"],
  ["PROGRAM TRANSFER WITH INSTANCE", "PTI b99e"],
  ["SET SECONDARY ASN WITH INSTANCE", "SSAIR b99f"],
]);

/** What hypervisors and channels offer besides the Principles of Operation, and what those announce by other means. */
const system = gapsOf(undefined, [
  ["DEQUEUE ADJUNCT-PROCESSOR MESSAGE", "DQAP b2ae"],
  ["ENQUEUE ADJUNCT-PROCESSOR MESSAGE", "NQAP b2ad"],
  ["EXTRACT AND SET STORAGE ATTRIBUTES", "ESSA b9ab"],
  ["EXTRACT QUEUE BUFFER STATES", "EQBS b99c"],
  ["INTER-USER COMMUNICATION VEHICLE", "IUCV b2f0"],
  ["LOAD PAGE TABLE ENTRY ADDRESS", "LPTEA b9aa"],
  ["PAGE IN", "PGIN b22e"],
  ["PAGE OUT", "PGOUT b22f"],
  ["PROCESS ADJUNCT-PROCESSOR QUEUE", "PQAP b2af"],
  ["SET QUEUE BUFFER STATES", "SQBS eb8a"],
  ["SIGNAL ADAPTER", "SIGA b274"],
  ["START INTERPRETIVE EXECUTION", "SIE b214"],
]);
const announced = [
  ...gapsOf(11, [["PERFORM TOPOLOGY FUNCTION", "PTF b9a2"]]),
  ...gapsOf(67, [
    ["EXTRACT COPROCESSOR-GROUP ADDRESS", "ECPGA b2ed"],
    ["EXTRACT CPU COUNTER", "ECCTR b2e4"],
    ["EXTRACT PERIPHERAL COUNTER", "EPCTR b2e5"],
    ["LOAD CPU-COUNTER-SET CONTROLS", "LCCTL b284"],
    ["LOAD PERIPHERAL-COUNTER-SET CONTROLS", "LPCTL b285"],
    ["QUERY COUNTER INFORMATION", "QCTRI b28e"],
    ["SET CPU COUNTER", "SCCTR b2e0"],
    ["SET PERIPHERAL COUNTER", "SPCTR b2e1"],
  ]),
  ...gapsOf(68, [
    ["LOAD SAMPLING CONTROLS", "LSCTL b287"],
    ["QUERY SAMPLING INFORMATION", "QSI b286"],
  ]),
  ...gapsOf(69, [
    ["CALL LOGICAL PROCESSOR", "CLP b9a0"],
    ["MODIFY PCI FUNCTION CONTROLS", "MPCIFC e3d0"],
    ["PCI LOAD", "PCILG b9d2 PCILGI b9d6"],
    ["PCI STORE", "PCISTG b9d0 PCISTGI b9d4"],
    ["PCI STORE BLOCK", "PCISTB ebd0 PCISTBI ebd4"],
    ["PCI WRITE BARRIER", "PCIWB b9d5"],
    ["REFRESH PCI TRANSLATIONS", "RPCIT b9d3"],
    ["STORE PCI FUNCTION CONTROLS", "STPCIFC e3d4"],
  ]),
  ...gapsOf(74, [["STORE HYPERVISOR INFORMATION", "STHYI b256"]]),
  ...gapsOf(142, [["STORE CPU COUNTER MULTIPLE", "STCCTM eb17"]]),
  ...gapsOf(144, [["TEST PENDING EXTERNAL INTERRUPTION", "TPEI b9a1"]]),
  ...gapsOf(193, [
    ["LOAD BEAR", "LBEAR b200"],
    ["LOAD PSW EXTENDED", "LPSWEY eb71"],
    ["STORE BEAR", "STBEAR b201"],
  ]),
  ...gapsOf(196, [["QUERY PROCESSOR ACTIVITY COUNTER INFORMATION", "QPACI b28f"]]),
];

const transactions = [
  ...gapsOf(50, [["TRANSACTION BEGIN", "TBEGINC e561"]]),
  ...gapsOf(73, [
    ["EXTRACT TRANSACTION NESTING DEPTH", "ETND b2ec"],
    ["NONTRANSACTIONAL STORE", "NTSTG e325"],
    ["TRANSACTION ABORT", "TABORT b2fc"],
    ["TRANSACTION BEGIN", "TBEGIN e560"],
    ["TRANSACTION END", "TEND b2f8"],
  ]),
];
const runtimeInstrumentation = gapsOf(64, [
  ["LOAD RUNTIME INSTRUMENTATION CONTROLS", "LRIC eb60"],
  ["MODIFY RUNTIME INSTRUMENTATION CONTROLS", "MRIC eb62"],
  ["RUNTIME INSTRUMENTATION EMIT", "RIEMIT aa04"],
  ["RUNTIME INSTRUMENTATION NEXT", "RINEXT aa00"],
  ["RUNTIME INSTRUMENTATION OFF", "RIOFF aa03"],
  ["RUNTIME INSTRUMENTATION ON", "RION aa01"],
  ["STORE RUNTIME INSTRUMENTATION CONTROLS", "STRIC eb61"],
  ["TEST RUNTIME INSTRUMENTATION CONTROLS", "TRIC aa02"],
]);
const guardedStorage = gapsOf(133, [
  ["LOAD GUARDED", "LGG e34c"],
  ["LOAD GUARDED STORAGE CONTROLS", "LGSC e34d"],
  ["LOAD LOGICAL AND SHIFT GUARDED", "LLGFSG e348"],
  ["STORE GUARDED STORAGE CONTROLS", "STGSC e349"],
]);

const messageSecurity = [...gapsOf(155, [["COMPUTE DIGITAL SIGNATURE AUTHENTICATION", "KDSA b93a"]])];
const functions = [
  ...gapsOf(150, [["SORT LISTS", "SORTL b938"]]),
  ...gapsOf(151, [["DEFLATE CONVERSION CALL", "DFLTCC b939"]]),
  ...gapsOf(165, [["NEURAL NETWORK PROCESSING ASSIST", "NNPA b93b"]]),
];

export const generalAndControlGaps: readonly Gap[] = [
  ...general,
  ...linkage,
  ...asnAndLxReuse,
  ...system,
  ...announced,
  ...transactions,
  ...runtimeInstrumentation,
  ...guardedStorage,
  ...messageSecurity,
  ...functions,
];
