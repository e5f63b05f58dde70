# SPDX-License-Identifier: GPL-2.0
#
# Turns KTAP (nested or not, with or without the kernel log's time stamps)
# into one line a test:
#
#   ok NAME | not ok NAME | ok NAME # SKIP REASON
#
# and, before a failure, what the test said. A plan that was not kept is a
# failure, too. With -v prefix=TEXT, names begin with TEXT.

function name_of(depth, last,    i, name) {
	name = prefix
	for (i = 0; i <= depth; i++)
		if (i in subtest)
			name = name subtest[i] "."
	return name last
}

function close_level(depth) {
	if (depth in plan && plan[depth] != seen[depth]) {
		print "# " plan[depth] " tests were planned, " seen[depth] + 0 " have run"
		print "not ok " name_of(depth, "plan")
	}
	delete plan[depth]
	delete seen[depth]
	delete subtest[depth]
}

function close_deeper(depth,    i) {
	for (i = deepest; i > depth; i--)
		close_level(i)
	deepest = depth
}

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC]?[0-9]+\])? ?/, "")
	match($0, /^ */)
	depth = int(RLENGTH / 4)
	line = substr($0, RLENGTH + 1)
}

line ~ /^(KTAP|TAP) version/ {
	if (depth == 0 && 0 in plan)
		close_deeper(-1)
	next
}

line ~ /^1\.\.[0-9]+/ {
	if (depth < deepest)
		close_deeper(depth)
	deepest = depth
	plan[depth] = substr(line, 4) + 0
	seen[depth] = 0
	next
}

line ~ /^# Subtest: / {
	if (depth > deepest)
		deepest = depth
	subtest[depth] = substr(line, 12)
	if (depth == 0)
		is_empty = 1
	next
}

line ~ /^(not )?ok [0-9]+/ {
	# A result that follows deeper ones sums them up: they count, it does not.
	sums_up = depth < last_depth
	close_deeper(depth)
	seen[depth]++
	last_depth = depth
	failed = line ~ /^not ok/
	if (depth > 0) {
		is_empty = 0
	} else if (is_empty && !failed) {
		said = said "# it has printed no result of a test\n"
		failed = 1
	}
	name = line
	sub(/^(not )?ok [0-9]+ ?(- )?/, "", name)
	directive = ""
	if (match(name, / *# *(SKIP|TODO|XFAIL).*/)) {
		directive = substr(name, RSTART)
		sub(/^ *# */, " # ", directive)
		name = substr(name, 1, RSTART - 1)
		if (failed && directive ~ /XFAIL|TODO/)
			failed = 0
	}
	sub(/ *# .*/, "", name)
	if (!sums_up) {
		if (failed)
			printf "%s", said
		print (failed ? "not ok " : "ok ") name_of(depth, name) directive
	} else if (failed && !any_failed) {
		print "not ok " name_of(depth, name)
	}
	if (depth == 0)
		any_failed = 0
	else if (failed)
		any_failed = 1
	said = ""
	next
}

line ~ /^#? *(module:|pass:|Totals:)/ { next }

line != "" { said = said (line ~ /^#/ ? "" : "# ") line "\n" }

END { close_deeper(-1) }
