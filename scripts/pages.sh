#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the pages of the documentation with Sphinx, as `make htmldocs` does in the
# kernel's tree, with each warning an error, and prints where the first one is.

accel_topic=pages
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
"$accel_tree/scripts/setup.sh" stock
only_one pages
source=$(source_dir "$(kernel_version)")
pages=$accel_cache/doc-$(tree_key)

# The kernel's extensions look for everything below one folder: what is theirs
# comes from the kernel's source, and the rest from here.
rm -rf "$pages"
mkdir -p "$pages"/{Documentation,include/uapi,html}
for name in scripts tools Documentation/{conf.py,images,sphinx,sphinx-static,sphinx-includes}; do
	ln -s "$(in_cache "$source")/$name" "$pages/$name"
done
for name in Documentation/accel include/uapi/accel; do
	ln -s "/accel/$name" "$pages/$name"
done

in_pages=$(in_cache "$pages")
logged sphinx "$accel_tree/scripts/in-root.sh" -- env -C "$in_pages/Documentation" srctree="$in_pages" \
	PYTHONDONTWRITEBYTECODE=1 \
	sphinx-build --fail-on-warning --keep-going --quiet -j auto -b html -c . \
	-d ../doctrees accel ../html ||
	die "the pages have errors"
echo "$pages/html/index.html"
