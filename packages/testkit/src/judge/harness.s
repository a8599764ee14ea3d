# The program that the judge runs under qemu-s390x: it takes cases from standard input (a regular file), runs
# each with exactly the registers and storage that the case names, and writes what it finds afterwards.
# harness-protocol.ts says how cases and results are laid out; the numbers here are its numbers.
#
# Every case ends in a signal: execution arrives at a halfword of zeros (operation exception), leaves the
# windows (access exception) or is interrupted. The handler stores the state and never returns.
#
# Linux system calls used: exit 1, write 4, mmap 90, rt_sigaction 174, sigaltstack 186.

_start:
	# Map code, A and B windows (8 KiB each), their expected contents and their backgrounds.
	lghi	%r10, 3
	llilh	%r11, 0x2000		# 0x20000000
map_window:
	lghi	%r3, 7			# read, write, execute: the code window
	cghi	%r10, 3
	je	map_this
	lghi	%r3, 3
map_this:
	lgr	%r2, %r11
	bras	%r14, map_anonymous
	lghi	%r3, 3
	lgr	%r2, %r11
	afi	%r2, 0x01000000
	bras	%r14, map_anonymous
	lghi	%r3, 3
	lgr	%r2, %r11
	afi	%r2, 0x02000000
	bras	%r14, map_anonymous
	afi	%r11, 0x10000
	brctg	%r10, map_window

	# Map the input.
	larl	%r2, mmap_input
	svc	90
	llihl	%r12, 0x0100		# far from sums of addresses in the windows
	cgr	%r2, %r12
	jne	fail

	# Signals: alternate stack, then one handler for every synchronous signal.
	larl	%r2, alternate_stack
	lghi	%r3, 0
	svc	186
	lghi	%r2, 4			# SIGILL
	bras	%r14, catch
	lghi	%r2, 5			# SIGTRAP
	bras	%r14, catch
	lghi	%r2, 7			# SIGBUS
	bras	%r14, catch
	lghi	%r2, 8			# SIGFPE
	bras	%r14, catch
	lghi	%r2, 11			# SIGSEGV
	bras	%r14, catch

	# Backgrounds: the first 24 KiB of the input, 256 bytes at a time.
	lghi	%r10, 3
	llilh	%r11, 0x2000
fill_window:
	lghi	%r9, 32
	lgr	%r8, %r11
fill_next:
	lgr	%r1, %r8
	afi	%r1, 0x01000000
	lgr	%r2, %r8
	afi	%r2, 0x02000000
	mvc	0(256,%r8), 0(%r12)
	mvc	0(256,%r1), 0(%r12)
	mvc	0(256,%r2), 0(%r12)
	la	%r12, 256(%r12)
	la	%r8, 256(%r8)
	brctg	%r9, fill_next
	afi	%r11, 0x10000
	brctg	%r10, fill_window
	stgrl	%r12, cursor

next_case:
	lgrl	%r12, cursor
	llgf	%r1, 0(%r12)
	ltgr	%r1, %r1
	je	done

	# Patches go to the window and to its expected contents.
	llgf	%r10, 336(%r12)
	la	%r11, 856(%r12)
	ltgr	%r10, %r10
	je	patched
patch_next:
	lg	%r8, 0(%r11)
	llgf	%r9, 8(%r11)		# length, 1 to 256
	lgr	%r7, %r8
	afi	%r7, 0x01000000
	la	%r6, 16(%r11)
	lgr	%r5, %r9
	aghi	%r5, -1
	exrl	%r5, copy_6_to_8
	exrl	%r5, copy_6_to_7
	la	%r11, 23(%r9,%r11)	# 16 bytes of head, then the bytes, padded to a doubleword
	nill	%r11, 0xfff8
	brctg	%r10, patch_next
patched:
	# The launch stub for the case's instruction address.
	llgf	%r1, 4(%r12)
	sllg	%r1, %r1, 4
	larl	%r2, launch_0
	agr	%r1, %r2

	lfpc	12(%r12)
	ld	%f0, 144(%r12)
	ld	%f1, 152(%r12)
	ld	%f2, 160(%r12)
	ld	%f3, 168(%r12)
	ld	%f4, 176(%r12)
	ld	%f5, 184(%r12)
	ld	%f6, 192(%r12)
	ld	%f7, 200(%r12)
	ld	%f8, 208(%r12)
	ld	%f9, 216(%r12)
	ld	%f10, 224(%r12)
	ld	%f11, 232(%r12)
	ld	%f12, 240(%r12)
	ld	%f13, 248(%r12)
	ld	%f14, 256(%r12)
	ld	%f15, 264(%r12)
	lt	%r3, 340(%r12)
	je	no_vectors
	vlm	%v0, %v15, 344(%r12)
	vlm	%v16, %v31, 600(%r12)
no_vectors:
	lam	%a0, %a15, 272(%r12)
	l	%r3, 8(%r12)
	spm	%r3
	br	%r1

	# One stub an instruction address, 16 bytes apart. No register is free here, hence a stub for each.
	.balign	16
launch_0:
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f000800
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f000ffa
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f000ffc
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f000ffe
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f001ffa
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f001ffc
	.balign	16
	lmg	%r0, %r15, 16(%r12)
	jg	_start + 0x1f001ffe

	# Signal number in r2, siginfo at r3, user context at r4. Condition code, program mask, FPC and the
	# floating-point registers are still the case's.
handler:
	ipm	%r5
	larl	%r13, result
	st	%r5, 12(%r13)
	stfpc	40(%r13)
	lghi	%r0, 0
	spm	%r0
	sfpc	%r0
	st	%r2, 4(%r13)
	mvc	8(4,%r13), 8(%r3)
	mvc	16(8,%r13), 16(%r3)
	mvc	24(16,%r13), 40(%r4)
	mvc	48(128,%r13), 56(%r4)
	mvc	304(64,%r13), 184(%r4)
	std	%f0, 176(%r13)
	std	%f1, 184(%r13)
	std	%f2, 192(%r13)
	std	%f3, 200(%r13)
	std	%f4, 208(%r13)
	std	%f5, 216(%r13)
	std	%f6, 224(%r13)
	std	%f7, 232(%r13)
	std	%f8, 240(%r13)
	std	%f9, 248(%r13)
	std	%f10, 256(%r13)
	std	%f11, 264(%r13)
	std	%f12, 272(%r13)
	std	%f13, 280(%r13)
	std	%f14, 288(%r13)
	std	%f15, 296(%r13)
	vstm	%v0, %v15, 368(%r13)
	vstm	%v16, %v31, 624(%r13)

	# Compare the windows with what they held before; report and undo each doubleword that differs.
	lghi	%r10, 3
	llilh	%r11, 0x2000
	llilh	%r7, 0x0100		# from a window to its expected contents
	la	%r9, 880(%r13)
compare_window:
	lghi	%r6, 512
	lgr	%r8, %r11
compare_next:
	lg	%r0, 0(%r8)
	lg	%r1, 8(%r8)
	cg	%r0, 0(%r8,%r7)
	jne	differ_0
compare_1:
	cg	%r1, 8(%r8,%r7)
	jne	differ_1
compare_2:
	la	%r8, 16(%r8)
	brctg	%r6, compare_next
	afi	%r11, 0x10000
	brctg	%r10, compare_window
	j	compared
differ_0:
	stg	%r8, 0(%r9)
	stg	%r0, 8(%r9)
	la	%r9, 16(%r9)
	lg	%r0, 0(%r8,%r7)
	stg	%r0, 0(%r8)
	j	compare_1
differ_1:
	la	%r0, 8(%r8)
	stg	%r0, 0(%r9)
	stg	%r1, 8(%r9)
	la	%r9, 16(%r9)
	lg	%r1, 8(%r8,%r7)
	stg	%r1, 8(%r8)
	j	compare_2
compared:
	sgr	%r9, %r13		# length of the result
	st	%r9, 0(%r13)
	lgr	%r1, %r9
	aghi	%r1, -880
	srlg	%r1, %r1, 4
	st	%r1, 44(%r13)

	# Take the patches back.
	lgrl	%r12, cursor
	llgf	%r10, 336(%r12)
	la	%r11, 856(%r12)
	ltgr	%r10, %r10
	je	unpatched
unpatch_next:
	lg	%r8, 0(%r11)
	llgf	%r1, 8(%r11)
	lgr	%r7, %r8
	afi	%r7, 0x01000000
	lgr	%r6, %r8
	afi	%r6, 0x02000000
	lgr	%r5, %r1
	aghi	%r5, -1
	exrl	%r5, copy_6_to_8
	exrl	%r5, copy_6_to_7
	la	%r11, 23(%r1,%r11)
	nill	%r11, 0xfff8
	brctg	%r10, unpatch_next
unpatched:
	llgf	%r1, 0(%r12)
	agr	%r12, %r1
	stgrl	%r12, cursor

	# The result goes out with one write.
	lgr	%r3, %r13
	lgr	%r4, %r9
	lghi	%r2, 1
	svc	4
	cgr	%r2, %r9
	je	next_case
fail:
	lghi	%r2, 2
	svc	1
done:
	lghi	%r2, 0
	svc	1

copy_6_to_8:
	mvc	0(1,%r8), 0(%r6)
copy_6_to_7:
	mvc	0(1,%r7), 0(%r6)

	# r2: address, r3: protection. 8 KiB, private, fixed, anonymous.
map_anonymous:
	larl	%r1, mmap_window
	stg	%r2, 0(%r1)
	stg	%r3, 16(%r1)
	lgr	%r5, %r2
	lgr	%r2, %r1
	svc	90
	cgr	%r2, %r5
	jne	fail
	br	%r14

	# r2: signal number.
catch:
	larl	%r3, action
	larl	%r4, handler
	stg	%r4, 0(%r3)
	lghi	%r4, 0
	lghi	%r5, 8
	svc	174
	br	%r14

	# Data stand on a page of their own: QEMU throws translations away when their page is stored into.
	.balign	4096
cursor:
	.quad	0
mmap_window:
	.quad	0, 0x2000, 0, 0x32, -1, 0
mmap_input:
	.quad	0x10000000000, 0x10000000, 1, 0x12, 0, 0
alternate_stack:
	.quad	0x01014000, 0, 0x8000
action:
	.quad	0, 0x48000004, 0, 0	# SIGINFO, ONSTACK, NODEFER
	# The result buffer; the program's segment goes on with zeros beyond this point.
	.balign	16
result:
