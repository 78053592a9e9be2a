#!/usr/bin/env bash
# What a GPU makes of it: losses beside the CPU's, steps and whole runs beside PyTorch. At most eight minutes.
#
#   cargo build --release --features cuda && cargo bench --features cuda --bench step --no-run
#   benches/gpu/run.sh PRETEXT STEP [DEVICE]          # binaries of the two lines above; cuda where no device is named
#
# Python needs torch, torchvision and timm. With DEVICE = flex and QUICK=1 it is a dry run: small sizes, no PyTorch.
set -u
pretext=$1 step=$2 device=${3:-cuda}
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$(mktemp -d)} work=$(mktemp -d)
quick=${QUICK:-}
began=$SECONDS
part() { echo "== $1 (after $((SECONDS - began)) s)"; }
# a part that hangs takes no more than its share
within() { local most=$1; shift; timeout "$most" "$@" 2>&1; local code=$?; [ $code -eq 0 ] || echo "exit $code: ${*: -6}"; }

part machine
[ "$device" = cuda ] && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
"$pretext" --version; nproc

part "quickstart and fifty steps of six tasks, on flex and on $device"
run() { within 120 "$pretext" run "$1" --out "$2" "${@:3}" | tail -n 3; }
run "$here/../../recipes/quickstart.ssl" "$work/quick" --set run.device="$device"
run "$here/six.ssl" "$work/flex" --set run.device=flex
run "$here/six.ssl" "$work/device" --set run.device="$device"
within 20 python3 "$here/losses.py" "$work/flex" "$work/device"

part "training steps"
cases="resnet18:32:512 vit_small_16:224:256 resnet50:224:128"
[ -n "$quick" ] && cases="resnet18:32:16"
for case in $cases; do
  IFS=: read -r net side batch <<<"$case"
  for precision in f32 bf16; do
    [ "$device" = cuda ] || [ $precision = f32 ] || continue
    within 75 "$step" "$net" "$side" "$batch" --device="$device" --precision=$precision --steps=10
  done
done
if [ -z "$quick" ]; then within 150 python3 "$here/torch_steps.py" $cases; fi

part "whole runs of SimCLR"
length=200; [ -n "$quick" ] && length=22
for precision in f32 bf16; do
  [ "$device" = cuda ] || [ $precision = f32 ] || continue
  within 75 "$pretext" run "$here/simclr.ssl" --out "$work/simclr-$precision" --set run.device="$device" --set run.precision=$precision \
    --set contrast.length="$length steps" >"$out/simclr-$precision.log"
  within 10 python3 "$here/rate.py" "$work/simclr-$precision" 512
done
if [ -z "$quick" ]; then
  within 60 python3 "$here/torch_simclr.py"
  within 60 python3 "$here/torch_simclr.py" --precision bf16
  within 75 python3 "$here/torch_simclr.py" --precision bf16 --compile
fi
part done
rm -rf "$work"
