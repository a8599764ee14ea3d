import { asm } from "../source.ts";

/** SERVICE CALL and its service signal. Source: Linux drivers/s390/char/sclp.h, QEMU include/hw/s390x/sclp.h. */
export const serviceCall = asm("service-call.s")`
.equ sclp_write_event_mask,   0x00780005
.equ sclp_write_event_data,   0x00760005
.equ sclp_read_event_data,    0x00770005

.equ sccb_response,           6         # in the SCCB's header
.equ sclp_completed,          0x0020
.equ service_signal,          0x2401    # external-interruption code

* Issue the service-call command word in %r2 for the SCCB and wait until it has completed.
* Returns the response code, or zero where there is no service processor.
service_call:
    stmg   %r6,%r15,48(%r15)
    lay    %r15,-160(%r15)
    lgr    %r6,%r2
    llill  %r7,sccb
1:  servc  %r6,%r7
    jo     3f                   # not operational
    jz     2f
    brasl  %r14,wait_for_service_signal
    j      1b                   # it was busy with an earlier command
2:  brasl  %r14,wait_for_service_signal
    nill   %r2,0xfff8           # the rightmost bits say whether events are pending
    cgr    %r2,%r7
    jne    2b                   # a signal of its own accord: ours is still to come
    llgh   %r2,sccb_response(%r7)
    j      4f
3:  lghi   %r2,0
4:  lmg    %r6,%r15,208(%r15)
    br     %r14

* Wait for a service signal and return its parameter: the SCCB's address, and a rightmost one if events
* are pending.
wait_for_service_signal:
    lay    %r15,-16(%r15)
    stctg  %c0,%c0,0(%r15)
    mvc    8(8,%r15),0(%r15)
    oi     14(%r15),0x02        # CR0 bit 54, the service-signal subclass mask
    lctlg  %c0,%c0,8(%r15)
    larl   %r1,3f
    mvc    external_new_psw(16),0(%r1)
1:  lpswe  16(%r1)
2:  llgh   %r2,external_code    # the new PSW leads here, disabled again
    cghi   %r2,service_signal
    jne    1b
    lctlg  %c0,%c0,0(%r15)
    llgf   %r2,external_parameter
    la     %r15,16(%r15)
    br     %r14
    .align 8
3:  .quad  psw_running, 2b
    .quad  psw_waiting_external, 0
`;
