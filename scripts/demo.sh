#!/usr/bin/env bash
# Trains a VAE on real images in a few minutes and says where its pictures are.
#   scripts/demo.sh [--data DIR] [--out DIR] [--minutes M]
# Installs missing packages from the distribution, builds what it needs, trains. The images: --data, else MNIST below
# ATELIER_DATA, else Fashion-MNIST from Debian's package dataset-fashion-mnist. Safe to run twice.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh

# from_here PATH: a path as the caller means it.
from_here() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$here/$1" ;; esac; }

data="" out=$PWD/runs/demo length=(--epochs 8)
while [ $# -gt 0 ]; do
  case $1 in
    --data) data=$(from_here "${2:?--data needs a folder}"); shift 2 ;;
    --out) out=$(from_here "${2:?--out needs a folder}"); shift 2 ;;
    --minutes) length=(--minutes "${2:?--minutes needs a number}"); shift 2 ;;
    -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "expected --data, --out or --minutes, found '$1'" 2 ;;
  esac
done

need_packages "${BUILD_PACKAGES[@]}"
if [ -z "$data" ] && [ -d "${ATELIER_DATA:-/nonexistent}/mnist" ]; then data=$ATELIER_DATA/mnist; fi
if [ -z "$data" ]; then
  say "no MNIST given: using Fashion-MNIST, 70,000 real pictures of clothes in the same format"
  need_packages dataset-fashion-mnist
  data=$(dirname "$(dpkg -L dataset-fashion-mnist | grep -m 1 'train-images-idx3-ubyte')")
fi

say "building (one to three minutes)"
build release -DATELIER_TESTS=OFF -DATELIER_BENCH=OFF -- vae_mnist
say "training on $data"
build/release/examples/vae_mnist --data "$data" --out "$out" --preset seed "${length[@]}" --resume
newest=$(find "$out/samples" -name '*-samples.png' | sort | tail -n 1)
say "done; look at these pictures, and at those of earlier epochs beside them:"
ls "$out/curves.png" "${newest%-samples.png}"-*.png
