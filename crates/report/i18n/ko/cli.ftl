# 명령줄: 명령과 옵션의 설명.

cli = 쿠버네티스와 클라우드 환경을 보호합니다
cli-options = 옵션
cli-commands = 명령
cli-usage = 사용법
cli-arguments = 인자
cli-choices = [선택: { $choices }]
cli-default = [기본값: { $default }]
cli-error = 오류: { $error }
cli-unknown-rule = `{ $id }`{ JOSA($id, "이라는/라는") } 점검 항목은 없습니다. 전체 목록은 `haechi checks`로 확인하십시오.
cli-no-check-left = 실행할 점검 항목이 남아 있지 않습니다

cli-global-lang = 출력 언어. 지정하지 않으면 로캘을 따릅니다
    .value = LANGUAGE
cli-global-color = 색상 사용 여부
    .value = WHEN
cli-global-help = 도움말 출력
cli-global-version = 버전 출력

cli-scan = 매니페스트의 문제와 그 위치, 해결 방법을 찾습니다
    .more =
        종료 코드: 0 문제 없음, 1 --fail-on 이상의 발견 사항 있음, 2 잘못된 사용법, 3 불완전(읽거나
        판정하지 못한 부분이 있음), 4 내부 오류.
cli-scan-paths = 파일, 폴더, 글롭 패턴. `-`는 표준 입력입니다
    .value = PATH
cli-scan-output = 결과 출력 형식
    .value = FORMAT
cli-scan-fail-on = 이 심각도 이상의 발견 사항이 있으면 종료 코드 1을 반환합니다
    .value = SEVERITY
cli-scan-render = 차트와 kustomization을 `helm`과 `kubectl kustomize`로 (오프라인, 제한된 자원으로) 렌더링하여 판정합니다
cli-scan-helm-values = 차트를 렌더링할 때 쓸 값 파일. 여러 번 지정할 수 있으며 나중 것이 우선합니다
    .value = FILE
cli-render-values = 차트에 쓸 값 파일을 읽을 수 없습니다: { $path }: { $detail }
cli-scan-min-severity = 이 심각도 이상의 발견 사항만 표시합니다
    .value = SEVERITY
cli-scan-group-by = `table`과 `html` 출력에서 발견 사항을 묶는 기준
    .value = BY
cli-scan-owner-label = 오브젝트의 소유자를 나타내는 레이블. 오브젝트, 파드, 네임스페이스 순으로 처음 찾은 값을 사용합니다
    .value = LABEL
cli-scan-all = 기본으로 꺼져 있는 점검 항목까지 모두 실행합니다
cli-scan-only = 지정한 점검 항목만 실행합니다(쉼표로 구분)
    .value = CHECK
cli-scan-skip = 지정한 점검 항목을 제외합니다
    .value = CHECK
cli-scan-no-ignore = .gitignore와 .ignore 파일이 제외한 파일도 검사합니다
cli-scan-max-file-size = 이 크기(MiB)보다 큰 파일은 읽지 않습니다
    .value = MIB
cli-scan-threads = 스레드 수. 지정하지 않으면 코어 수와 같습니다
    .value = N
cli-scan-pod-security = 파드 보안 표준(Pod Security Standards)으로도 판정합니다: `baseline`, `restricted`, 버전 지정 예: `restricted:v1.30`
    .value = LEVEL

cli-explain = 점검 항목의 이유, 해결 방법, 다른 도구에서의 이름을 설명합니다
cli-explain-id = 점검 항목의 이름 또는 다른 도구나 벤치마크의 식별자
    .value = ID
cli-explain-output = 결과 출력 형식
    .value = FORMAT

cli-checks = 모든 점검 항목을 나열합니다
cli-checks-output = 결과 출력 형식
    .value = FORMAT

cli-scan-config = 설정 파일. 지정하지 않으면 첫 번째 경로의 상위 폴더에서 haechi.toml을 찾습니다
    .value = FILE
cli-scan-baseline = 이 파일에 기록된 발견 사항은 제외합니다. `haechi baseline` 참조
    .value = FILE
cli-scan-fix = 워크로드의 동작을 바꾸지 않고 수정할 수 있는 것을 수정합니다. 주석, 순서, 배치는 그대로 둡니다
cli-scan-unsafe-fixes = --fix와 함께: 워크로드의 동작이 바뀔 수 있는 것도 수정하고, 무엇이 바뀔 수 있는지 알립니다
cli-scan-diff = --fix와 함께: 아무것도 쓰지 않고 바뀔 내용만 출력합니다. 바뀔 내용이 있으면 1로 종료합니다
cli-fix-input-alone = `-`는 다른 경로와 함께 수정할 수 없습니다. 표준 출력에는 텍스트 하나만 쓸 수 있습니다

cli-baseline = 현재 발견 사항을 기록하여 이후 검사에서 새로운 것만 표시하게 합니다
cli-baseline-write = 기록할 파일. 지정하지 않으면 표준 출력으로 내보냅니다
    .value = FILE
cli-baseline-written = 발견 사항 { NUMBER($count) }건을 { $path }에 기록했습니다.
cli-baseline-incomplete = 판정하지 못한 부분이 있습니다. 그 부분의 발견 사항은 나중에 새로운 것으로 표시됩니다. 이유는 `haechi scan`으로 확인하십시오.
cli-baseline-gone = 기준선(baseline)의 발견 사항 { NUMBER($count) }건이 사라졌습니다. 기준선을 다시 기록하면 목록에서 지워집니다.

cli-config = 설정을 확인합니다
cli-config-show = 검사에 적용되는 설정을 출력합니다
cli-config-show-path = 검사를 시작할 위치. 지정하지 않으면 현재 폴더입니다
    .value = PATH
cli-config-show-origin = 각 설정이 어디에서 왔는지 함께 표시합니다
cli-config-default = 기본값

cli-detect = 감사 로그, 클라우드 활동 로그, 흐름 로그, 발견 사항, 기록된 커널 이벤트를 탐지 규칙으로 검사합니다
cli-detect-events = 이벤트 파일 또는 폴더(gzip 포함). `-`는 표준 입력을 읽습니다
    .value = EVENTS
cli-detect-rules = Falco 언어로 작성된 규칙 파일 또는 폴더. 여러 번 지정할 수 있으며 순서대로 읽습니다
    .value = FILE
cli-detect-output = 탐지 결과 출력 형식
    .value = FORMAT
cli-detect-source = 이벤트의 종류. 지정하지 않으면 이벤트마다 판별합니다
    .value = SOURCE
cli-detect-min-priority = 이보다 우선순위가 낮은 규칙은 제외합니다
    .value = PRIORITY
cli-detect-all = 첫 번째 규칙만이 아니라 이벤트와 일치하는 모든 규칙을 알립니다
cli-detect-follow = 마지막 파일의 끝에서 새 이벤트를 기다립니다
cli-detect-no-rules = 사용할 수 있는 규칙이 없습니다
cli-detect-summary = 이벤트 { $events }건, 탐지 { $detections }건, 중복 전달 { $duplicates }건, 거부 { $refused }건

cli-rules = 탐지 규칙을 나열하고 시험하고 설명합니다
cli-rules-list = 규칙 파일의 규칙과 이를 변경하는 항목을 나열합니다
cli-rules-list-rules = Falco 언어로 작성된 규칙 파일 또는 폴더. 순서대로 읽습니다
    .value = FILE
cli-rules-list-output = 규칙 출력 형식
    .value = FORMAT
cli-rules-test = 규칙 파일을 읽고 오류와 의심스러운 점을 모두 알립니다
cli-rules-test-rules = Falco 언어로 작성된 규칙 파일 또는 폴더. 순서대로 읽습니다
    .value = FILE
cli-rules-test-output = 결과 출력 형식
    .value = FORMAT
cli-rules-explain = 규칙이 이벤트와 일치하거나 일치하지 않는 이유를 조건별로 설명합니다
cli-rules-explain-events = 이벤트 파일 또는 폴더. `-`는 표준 입력을 읽습니다
    .value = EVENTS
cli-rules-explain-rules = Falco 언어로 작성된 규칙 파일 또는 폴더. 여러 번 지정할 수 있으며 순서대로 읽습니다
    .value = FILE
cli-rules-explain-rule = 이 이름의 규칙만 설명합니다
    .value = NAME
cli-rules-explain-source = 이벤트의 종류. 지정하지 않으면 이벤트마다 판별합니다
    .value = SOURCE
cli-rules-unusable = 사용 불가
cli-rules-disabled = 꺼짐
cli-rules-enabled = 켜짐
cli-rules-help-line = 도움말: { $help }
cli-rules-unknown = 이름이 `{ $name }`인 규칙이 없습니다
cli-rules-matches = { $line }행: 규칙 `{ $rule }` 일치
cli-rules-does-not-match = { $line }행: 규칙 `{ $rule }` 불일치

cli-scan-namespace = 클러스터에서 이 네임스페이스와, 네임스페이스에 속하지 않는 오브젝트만 검사합니다
    .value = NAMESPACE
cli-connection-cluster = 실행 중인 클러스터를 읽습니다. kubectl 설정을 쓰거나, 클러스터 안에서는 서비스 어카운트로 접속합니다
cli-connection-kubeconfig = 접속 설정 파일. 기본값은 $KUBECONFIG 또는 ~/.kube/config
    .value = FILE
cli-connection-context = 설정 파일의 컨텍스트
    .value = NAME
cli-connection-request-timeout = 응답 하나를 기다리는 시간: 30s, 2m
    .value = TIME
cli-connection-one-namespace = 모든 네임스페이스를 읽을 수 없어 { $namespace } 네임스페이스만 읽었습니다: { $detail }
cli-connection-not-built = 이 빌드는 실행 중인 클러스터를 읽을 수 없습니다. `--features cluster`로 빌드하거나, kubectl로 오브젝트를 덤프하여 파일로 지정하십시오
cli-completions = 셸에서 명령줄을 자동 완성하는 데 필요한 스크립트를 출력합니다
cli-completions-shell = 셸
    .value = SHELL
