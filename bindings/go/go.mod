module libtofu/tofu

go 1.19
