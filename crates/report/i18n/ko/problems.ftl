# 읽거나 판정하지 못한 것. 문제의 종류마다 메시지가 하나씩 있고, 읽는 쪽의 설명이 뒤에 붙는다.

problem-not-found = 파일이나 폴더가 없습니다
    .help = 경로의 철자와 명령을 실행한 폴더를 확인하십시오.
problem-unreadable = 파일을 읽을 수 없습니다
    .help = 검사를 실행하는 사용자에게 읽기 권한을 부여하십시오.
problem-cyclic-link = 심볼릭 링크가 자신의 상위 폴더를 가리킵니다
    .help = 링크를 제거하거나, 검사할 폴더를 하나씩 지정하십시오.
problem-too-large = 파일이 크기 제한을 초과합니다
    .detail =
        { $size ->
            [0] { NUMBER($limit) }바이트 초과
           *[other] { NUMBER($size) }바이트, 제한은 { NUMBER($limit) }바이트
        }
    .help = 파일을 나누거나, 매니페스트가 아니라면 검사에서 제외하십시오.
problem-binary = 텍스트 파일이 아닙니다
    .help = 매니페스트가 아니라면 검사에서 제외하십시오.
problem-wrong-encoding = UTF-8로 인코딩된 파일이 아닙니다
    .help = 파일을 UTF-8로 저장하십시오. 쿠버네티스는 다른 인코딩을 읽지 않습니다.
problem-syntax = 올바른 YAML 또는 JSON 문서가 아닙니다
    .help = 표시된 위치를 바로잡으십시오. 파일의 나머지 문서는 판정했습니다.
problem-malformed = 쿠버네티스가 거부하는 형식의 값이 있습니다
    .detail =
        { $resource }: { $field }에는 { $expected ->
            [boolean] 불리언 값(true/false)이
            [integer] 정수가
            [string] 문자열이
            [array] 목록이
            [object] 맵이
            [quantity] 수량이
           *[other] { $expected } 값이
        } 와야 하지만 { $found ->
            [null] 값이 없습니다
            [boolean] 불리언 값(true/false)이 있습니다
            [number] 숫자가 있습니다
            [string] 문자열이 있습니다
            [array] 목록이 있습니다
            [object] 맵이 있습니다
           *[other] { $found } 값이 있습니다
        }
    .help = 값의 형식을 바로잡으십시오. 이 오브젝트에서는 해당 값을 사용하는 규칙을 판정하지 못했습니다.
problem-template = 렌더링되지 않은 템플릿입니다
    .detail =
        { $engine ->
            [helm] 템플릿 { NUMBER($count) }개가 있는 Helm 차트
            [kustomize] kustomization 파일
            [kustomize-patch] kustomization의 패치 파일
           *[other] 템플릿의 자리 표시자
        }
    .help = `helm`이나 `kubectl kustomize`를 실행하는 `--render` 옵션으로 검사하거나, 직접 렌더링한 다음 그 결과를 검사하십시오.
problem-not-rendered = 템플릿을 렌더링하지 못했습니다
    .detail =
        { $engine ->
            [helm] Helm 차트
           *[kustomize] kustomization 파일
        }: { $reason ->
            [missing] `{ $program }` 프로그램이 설치되어 있지 않습니다
            [network] `{ $reference }`{ JOSA($reference, "은/는") } 이 폴더에 없어 네트워크에서 가져와야 합니다
            [timeout] `{ $program }` 실행이 { $seconds }초를 넘어 중단했습니다
            [output] `{ $program }` 출력이 { NUMBER($limit) }바이트를 넘어 중단했습니다
           *[failed] { $said }
        }
    .help = 표시된 문제를 바로잡거나, 렌더링할 수 있는 환경에서 렌더링한 다음 그 결과를 검사하십시오. 여기에 속한 파일은 렌더링하지 않은 상태로 판정했습니다.
problem-unsupported = 읽을 수 없는 버전이나 구조의 오브젝트입니다
    .help = 쿠버네티스가 아직 제공하는 API 버전을 사용하십시오.
problem-not-kubernetes = 쿠버네티스 오브젝트가 아닌 문서입니다
    .detail = 문서 { NUMBER($count) }개
    .help = 쿠버네티스용 문서가 아니라면 조치할 것이 없습니다. 쿠버네티스용 문서라면 `apiVersion`이나 `kind`가 빠져 있습니다.
problem-not-listed = 클러스터의 오브젝트를 나열할 수 없습니다
    .help = 검사를 실행하는 주체에게 모든 네임스페이스에서 이 종류를 나열할 권한을 부여한 뒤 다시 실행하십시오.
problem-rule-failed = 이 오브젝트에서 규칙 실행이 실패했습니다
    .help = Haechi의 오류입니다. 오류를 일으킨 오브젝트와 함께 알려 주십시오.
problem-policy-refused = 사용할 수 없는 정책
    .help = 이 위치의 정책을 고치십시오. 그때까지는 이 정책으로 아무것도 점검하지 않습니다.
problem-policy-failed = 정책이 이 오브젝트를 판정하지 못했습니다
    .help = 정책을 고치거나, 오브젝트의 네임스페이스처럼 정책이 필요로 하는 정보를 함께 제공하십시오. 그때까지 이 오브젝트는 판정되지 않은 것으로 봅니다.
problem-suppression-refused = 적용되지 않은 예외 처리
    .detail =
        { $what ->
            [reason] 사유가 없습니다
            [tag] `{ $given }`의 날짜가 올바르지 않습니다. [until 2027-01-31]처럼 적으십시오
            [word] `{ $given }`{ JOSA($given, "은/는") } 알 수 없는 지시어입니다. `ignore` 또는 `ignore-file`을 사용하십시오
            [no-rule] 규칙 이름이 없습니다
           *[other] `{ $given }`{ JOSA($given, "이라는/라는") } 규칙은 없습니다
        }
    .help = `# haechi: ignore 규칙 -- 사유` 형식의 주석이나 `ignore-check.haechi.dev/규칙: 사유` 어노테이션을 사용하십시오.
problem-suppression-expired = 기한이 지난 예외 처리
    .detail = { $rule } 예외는 { $until }까지였습니다
    .help = 문제를 해결하거나, 다시 검토하여 기한을 늘리십시오.
problem-suppression-unused = 더 이상 필요 없는 예외 처리
    .detail = 이 위치에는 { $rule } 발견 사항이 없습니다
    .help = 나중에 생길 문제를 가리지 않도록 제거하십시오.
problem-fix-refused = 파일을 수정하지 못했습니다
    .detail =
        { $why ->
            [unreadable] 읽을 수 없는 부분이 있습니다
            [template] 템플릿이 들어 있습니다
            [symbolic-link] 심볼릭 링크를 거쳐야 하는 파일입니다
            [hard-link] 같은 내용을 공유하는 다른 이름이 있습니다
            [read-only] 읽기 전용입니다
            [changed] 검사한 뒤에 내용이 바뀌었습니다
            [owner] 소유자를 유지할 수 없습니다
            [not-as-intended] 고친 내용이 의도와 다르게 읽힙니다
            [not-clean] 고친 뒤에도 { $rule } 항목이 발견됩니다
            [not-stable] 수정이 끝나지 않습니다
            [new-problem] 고친 뒤에는 판정할 수 없는 부분이 생깁니다
           *[write] 파일에 쓸 수 없습니다
        }
    .help = 파일은 전혀 바뀌지 않았습니다. 원인을 없애고 다시 시도하거나 직접 수정하십시오.
